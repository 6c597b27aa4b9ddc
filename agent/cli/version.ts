/** The release, as in package.json; a test keeps the two equal. A constant, so that asking for it reads no file. */
export const VERSION = '0.1.0'

/**
 * The constants of the log's format. FORMAT.md is their specification. Writer, reader and verifier share
 * this file and `record.ts`, and nothing else: an error in one of them must not be repeated by another.
 */

/** Stands in the first record. A reader that does not know it refuses the log. */
export const FORMAT_NAME = 'portcullis-log-1'

/** The file in the log's folder that holds the records. */
export const RECORDS_FILE = 'records.log'

/** The file whose `flock` makes one process the writer. It says which, for people; the lock itself is the kernel's. */
export const LOCK_FILE = 'lock'

/** A record begins with its chain hash in hexadecimal. */
export const HASH_HEX_CHARS = 64

/** What the first record is chained to. */
export const CHAIN_START_BYTES = 32

/** A decision with every reason of a bad file fits with room to spare; whatever is longer is not a record but a dump. */
export const RECORD_BYTES_MAX = 64 * 1024

/** Hash, space, record, line feed. */
export const LINE_BYTES_MAX = HASH_HEX_CHARS + 1 + RECORD_BYTES_MAX + 1

/** What one write holds at most, and so what a crash can leave half written. */
export const BATCH_BYTES_MAX = 1024 * 1024

/** Deeper than any document of ours. A bound keeps a hostile one from exhausting the stack. */
export const RECORD_DEPTH_MAX = 32

export const LINE_FEED = 0x0a
export const SPACE = 0x20

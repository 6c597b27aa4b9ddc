/**
 * Names of the commands that Marlin 2.1 dispatches (gcode.cpp `process_parsed_command`), whatever options they need.
 * Written down apart from the table that they are held against.
 */

const G = '0-6 10-12 17-21 26-35 38 42 53-61 76 80 90-92 425 800'
const M = [
  '0 1 3-5 7-12 16-18 20-34 42 43 48 73 75-78 80-87 92 100 102 104-115 117-123 125-129 140 141 143 145 149 150',
  '154 155 163-166 190-193 200 201 203-211 217 218 220 221 226 240 250 255 256 260 261 280-282 290 293 294 300-306 309',
  '350 351 355 360-364 380 381 400-407 410 412-414 420-423 425 428 430 485 486 493 500-504 510-512 524 540 552-554 569',
  '575 592 593 600 603 605 665 666 672 701 702 704-710 800 808 810-820 851 852 860-869 871 876 900 906-919 928 936 951',
  '993-995 997 999-1002 1004 3426 7219',
].join(' ')

/** `G0`, `G1`, `M7219` and all between. Tools, `T0` and up, are one command. */
export const MARLIN_DISPATCHES: readonly string[] = [...expand('G', G), ...expand('M', M)]

function expand(letter: string, ranges: string): string[] {
  return ranges.split(' ').flatMap((range) => {
    const [first, last] = range.split('-').map(Number)
    return Array.from({ length: (last ?? first!) - first! + 1 }, (_, i) => `${letter}${first! + i}`)
  })
}

import { BUNDLE_BYTES_MAX, FRAME_HEADER_BYTES, TILE_WIDTH } from '../log-format/index.ts'

/** A segment in which each of the largest records has a frame of its own, and what a crash left behind them. */
export const SEGMENT_BYTES_MAX = 2 * BUNDLE_BYTES_MAX + TILE_WIDTH * FRAME_HEADER_BYTES

/** The writer keeps three, and a few more where its disk is slow. Who opens or reads a log holds them in memory together. */
export const SEGMENTS_MAX = 16

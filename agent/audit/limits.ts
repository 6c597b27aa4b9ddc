import { BUNDLE_BYTES_MAX, FRAME_HEADER_BYTES, TILE_WIDTH } from '../log-format/index.ts'

/** A segment in which each of the largest records has a frame of its own, and what a crash left behind them. */
export const SEGMENT_BYTES_MAX = 2 * BUNDLE_BYTES_MAX + TILE_WIDTH * FRAME_HEADER_BYTES

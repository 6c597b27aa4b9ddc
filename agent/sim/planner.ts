/**
 * The firmware's queue of moves. A block's times are known when it is planned (it starts when the one before it ends),
 * so how full the queue is at any time is a matter of counting, and no timer runs for a move.
 */

/** BLOCK_BUFFER_SIZE of Marlin. */
export const PLANNER_BLOCKS_MAX = 16
/** Longer than any honest move. It keeps one hostile line from stalling the simulation for days. */
const BLOCK_MS_MAX = 600_000

/** Where the axes are, in millimetres. */
export interface Position {
  readonly x: number
  readonly y: number
  readonly z: number
  readonly e: number
}

interface Block {
  readonly from: Position
  readonly to: Position
  readonly startMs: number
  readonly endMs: number
}

/** Moves that are planned but not done. Speeds change at once: acceleration is left out, so prints end a bit early. */
export class Planner {
  #blocks: Block[] = []
  #endMs = 0

  /** Moves under way or waiting. */
  blocks(nowMs: number): number {
    let done = 0
    while (done < this.#blocks.length && (this.#blocks[done]?.endMs ?? 0) <= nowMs) done++
    if (done > 0) this.#blocks.splice(0, done)
    return this.#blocks.length
  }

  hasRoom(nowMs: number): boolean {
    return this.blocks(nowMs) < PLANNER_BLOCKS_MAX
  }

  /** When the move that is under way ends and its block is free. */
  get roomAtMs(): number {
    return this.#blocks[0]?.endMs ?? 0
  }

  /** When the last planned move ends. */
  get endMs(): number {
    return this.#endMs
  }

  add(from: Position, to: Position, durationMs: number, nowMs: number): void {
    const startMs = Math.max(nowMs, this.#endMs)
    this.#endMs = startMs + Math.min(durationMs, BLOCK_MS_MAX)
    this.#blocks.push({ from, to, startMs, endMs: this.#endMs })
  }

  /** Where the nozzle is now, or undefined where nothing moves. An arc is taken for its chord. */
  positionAt(nowMs: number): Position | undefined {
    if (this.blocks(nowMs) === 0) return undefined
    const [block] = this.#blocks
    if (block === undefined) return undefined
    const part = Math.max(0, (nowMs - block.startMs) / (block.endMs - block.startMs))
    const between = (from: number, to: number) => from + (to - from) * part
    return {
      x: between(block.from.x, block.to.x),
      y: between(block.from.y, block.to.y),
      z: between(block.from.z, block.to.z),
      e: between(block.from.e, block.to.e),
    }
  }

  /** Drops every move at once, the one under way included. */
  clear(nowMs: number): void {
    this.#blocks = []
    this.#endMs = nowMs
  }
}

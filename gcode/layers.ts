/**
 * The heights at which filament was laid down. A height counts once, however often a job comes back to it, so
 * that objects printed one after the other do not double their layers.
 */

/** Heights nearer than this are one layer: rounding of slicers, and the slow climb of a spiral vase. In mm. */
const SAME_LAYER_MM = 0.02
/** Heights kept. A machine of two metres at 0.02 mm has no more; past it only the count goes on. */
const HEIGHTS_MAX = 100_000
const HEIGHTS_AT_FIRST = 1024

/** Layers whose beginnings are kept: past them a copy would count late indeed. */
const STARTS_MAX = 1024

/** Where the first layers begin, in the order in which they are printed. */
export class LayerStarts {
  private readonly commands = new Float64Array(STARTS_MAX)
  private readonly filamentMm = new Float64Array(STARTS_MAX)
  private count = 0

  /** A layer begins with this command; so much filament was laid down before it. */
  add(command: number, filamentMm: number): void {
    if (this.count >= STARTS_MAX) return
    this.commands[this.count] = command
    this.filamentMm[this.count] = filamentMm
    this.count++
  }

  /** With which command the layer after the first `layers` begins, if there is one and no more filament was gone. */
  placeOf(layers: number, filamentMmMax: number): number | undefined {
    if (!(layers < this.count && this.filamentMm[layers]! <= filamentMmMax)) return undefined
    return this.commands[layers]
  }
}

export class LayerTally {
  private heights = new Float64Array(HEIGHTS_AT_FIRST)
  /** The height that was told last. */
  last = Number.NaN
  /** Layers found. */
  count = 0

  /**
   * Filament is laid down at height `z`, in mm. For every move but the first at a height, it does not have to be told.
   * Answers whether a layer begins with it.
   */
  printAt(z: number): boolean {
    this.last = z
    const at = this.placeOf(z)
    if (at < this.count && this.heights[at]! - z < SAME_LAYER_MM) return false
    if (at > 0 && z - this.heights[at - 1]! < SAME_LAYER_MM) return false
    if (this.count >= HEIGHTS_MAX) return false
    this.insert(at, z)
    return true
  }

  /** Least and greatest distance from a layer to the one below it; the first stands on the bed at 0. */
  heightRange(): { readonly minHeightMm: number | null; readonly maxHeightMm: number | null } {
    if (this.count === 0) return { minHeightMm: null, maxHeightMm: null }
    let min = Number.POSITIVE_INFINITY
    let max = 0
    let below = 0
    for (let i = 0; i < this.count; i++) {
      const height = this.heights[i]! - below
      below = this.heights[i]!
      if (height < min) min = height
      if (height > max) max = height
    }
    // To a millionth: what subtracting heights leaves behind is no height.
    return { minHeightMm: Math.round(min * 1e6) / 1e6, maxHeightMm: Math.round(max * 1e6) / 1e6 }
  }

  /** Index of the first height that is not below `z`. */
  private placeOf(z: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.heights[middle]! < z) low = middle + 1
      else high = middle
    }
    return low
  }

  private insert(at: number, z: number): void {
    if (this.count === this.heights.length) {
      const grown = new Float64Array(this.heights.length * 2)
      grown.set(this.heights)
      this.heights = grown
    }
    this.heights.copyWithin(at + 1, at, this.count)
    this.heights[at] = z
    this.count++
  }
}

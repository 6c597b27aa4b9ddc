/** What the processes of the benchmark of the log answer. */

/** Memory of the writer at one size of the log. */
export interface Mark {
  readonly size: number
  readonly peakRssMb: number
  readonly rssMb: number
}

export interface Made {
  readonly records: number
  readonly seconds: number
  readonly marks: readonly Mark[]
}

export interface Opened {
  readonly ms: number
}

export interface Hashed {
  readonly seconds: number
}

export interface Verified {
  readonly ok: boolean
  readonly records: number
  readonly seconds: number
  readonly peakRssMb: number
}

export interface Appends {
  readonly oursMs: readonly number[]
  readonly bareMs: readonly number[]
  readonly atOnce: number
  readonly atOnceMs: number
}

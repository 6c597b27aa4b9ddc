/** Limits of the numbers that a line may hold, and the powers that read them. */

/** Digits that a double holds exactly. Those behind them in a fraction change nothing that a machine could do. */
export const DIGITS_MAX = 15
/** Digits of a value at most: Python and JavaScript write up to 17, after leading zeros. */
export const VALUE_DIGITS_MAX = 24
/** Digits before the point: a kilometre in millimetres, and far past any machine. Wider values are refused. */
export const WHOLE_DIGITS_MAX = 6
/** Exact powers of ten. Dividing by one rounds once, so `12.3` equals `Number('12.3')`. */
export const POW10 = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, i) => 10 ** i)

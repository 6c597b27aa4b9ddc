/** Why nothing is recorded: a mistake of whoever asks (`unknown`, `form`), or an answer. */
export interface ReviewRefusal {
  readonly refusal: 'unknown' | 'form' | 'empty' | 'not-drawn' | 'reviewed'
  readonly message: string
}

export function refuse(refusal: ReviewRefusal['refusal'], message: string): ReviewRefusal {
  return { refusal, message }
}

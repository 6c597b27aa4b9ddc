/** What one end of a link has heard so far, and a way to wait for more without sleeping. */
export class Heard {
  text = ''
  #waiting: { isEnough: (text: string) => boolean; resolve: () => void }[] = []

  readonly add = (bytes: Uint8Array | string): void => {
    this.text += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1')
    this.#waiting = this.#waiting.filter((one) => {
      if (!one.isEnough(this.text)) return true
      one.resolve()
      return false
    })
  }

  /** Resolves when the text heard satisfies the condition, or contains the string. */
  until(enough: string | ((text: string) => boolean)): Promise<void> {
    const isEnough = typeof enough === 'string' ? (text: string) => text.includes(enough) : enough
    if (isEnough(this.text)) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ isEnough, resolve }))
  }
}

/** A promise that is resolved from outside, for events that are waited for once. */
export function signal<T = void>(): { readonly seen: Promise<T>; readonly give: (value: T) => void } {
  let give: (value: T) => void = () => {}
  const seen = new Promise<T>((resolve) => {
    give = resolve
  })
  return { seen, give }
}

/** The next time that connections change to the state wanted. */
export function clientIs(
  device: { onClient(callback: (connected: boolean) => void): void },
  wanted: boolean,
): Promise<void> {
  const { seen, give } = signal()
  device.onClient((connected) => {
    if (connected === wanted) give()
  })
  return seen
}

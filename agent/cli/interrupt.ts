/** Ctrl-C and a service manager's stop, as a signal that ends work safely instead of the process at once. */

export interface Interrupt {
  /** Its reason is a sentence: `what` and by whom. */
  readonly signal: AbortSignal
  release(): void
}

/** `what` happened to the work: `the job was stopped`. A second Ctrl-C changes nothing, the guard is there for a kill. */
export function interruptSignal(what: string): Interrupt {
  const controller = new AbortController()
  const abort = (name: string) => (): void => controller.abort(`${what} by ${name}`)
  const onInterrupt = abort('Ctrl-C')
  const onTerminate = abort('a request to end')
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onTerminate)
  process.on('SIGHUP', onTerminate)
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', onInterrupt)
      process.off('SIGTERM', onTerminate)
      process.off('SIGHUP', onTerminate)
    },
  }
}

/** Whoever reads what we say may leave: the work goes on, and the log holds how it ended. */
export function keepOnUnheard(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

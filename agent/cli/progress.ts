import { SingleBar } from 'cli-progress'

/** A bar on standard error while something takes long: only where someone watches, and gone when it is done. */
export interface Progress {
  update(value: number): void
  stop(): void
}

/** Shorter work than this needs no bar. */
const SHOWN_AFTER_MS = 300

/** Starts a bar for `total` units. Quiet where standard error is no terminal. */
export function startProgress(label: string, total: number): Progress {
  if (process.stderr.isTTY !== true || total <= 0) return { update: () => {}, stop: () => {} }
  const bar = new SingleBar({
    format: `${label} [{bar}] {percentage}% · {duration_formatted} of about {eta_formatted} left`,
    clearOnComplete: true,
    hideCursor: true,
    stream: process.stderr,
  })
  const startedAtMs = performance.now()
  let isShown = false
  return {
    update: (value) => {
      if (!isShown && performance.now() - startedAtMs < SHOWN_AFTER_MS) return
      if (!isShown) bar.start(total, 0)
      isShown = true
      bar.update(Math.min(value, total))
    },
    stop: () => {
      if (isShown) bar.stop()
    },
  }
}

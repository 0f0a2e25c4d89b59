import { createRequire } from 'node:module'
import type { OutputOptions } from './options.js'
import type { Terminal } from './terminal.js'

/** Told of work done and work to do, in any unit; may be called often. */
export interface Progress {
  update(done: number, total: number): void
  /** Takes the bar off the screen. */
  stop(): void
}

interface Bar {
  start(total: number, done: number): void
  setTotal(total: number): void
  update(done: number): void
  stop(): void
}

const PATIENCE_MS = 500
const REDRAW_MS = 100

/**
 * A progress bar on standard error, drawn only on a terminal and only after half a second. It is drawn from within the
 * work, which is synchronous; the bar's package is loaded when there is one to draw.
 */
export function startProgress(
  label: string,
  terminal: Terminal,
  options: Pick<OutputOptions, 'quiet'>,
  now: () => number = Date.now,
): Progress {
  if (!terminal.errIsTerminal || options.quiet === true) return { update() {}, stop() {} }
  const begun = now()
  let drawn = begun
  let bar: Bar | null = null
  return {
    update(done, total) {
      const time = now()
      if (time - begun < PATIENCE_MS || time - drawn < REDRAW_MS) return
      drawn = time
      bar ??= startBar(label, total)
      bar.setTotal(total)
      bar.update(done)
    },
    stop() {
      bar?.stop()
      bar = null
    },
  }
}

function startBar(label: string, total: number): Bar {
  const { SingleBar } = createRequire(import.meta.url)('cli-progress') as typeof import('cli-progress')
  const bar = new SingleBar({
    format: `${label} [{bar}] {percentage}%`,
    clearOnComplete: true,
    hideCursor: false,
    stream: process.stderr,
    // Every update draws: the event loop does not turn while the work runs, so timers would never fire.
    synchronousUpdate: true,
    gracefulExit: false,
  })
  bar.start(total, 0)
  return bar
}

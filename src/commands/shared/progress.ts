import type { Options, SingleBar } from 'cli-progress'
import { unitText } from '../../render/view-text.js'
import type { OutputOptions } from './options.js'
import type { Terminal } from './terminal.js'
import { warn } from './warn.js'

/** Told of bytes looked at, and of bytes to look at; may be called often. */
export interface Progress {
  update(done: number, total: number): void
  /** Takes the bar off the screen. */
  stop(): void
}

const PATIENCE_MS = 500
const REDRAW_MS = 100

/** What takes longer is announced, in words and wherever diagnostics go. */
const LONG_SECONDS = 30

/**
 * A progress bar with rate and time left on standard error, drawn only on a terminal and only after half a second. It is drawn
 * from within the work, which is synchronous; the bar's package is loaded where there may be one to draw.
 *
 * @param advice what makes it shorter, said where much is ahead
 */
export async function startProgress(
  label: string,
  terminal: Terminal,
  options: Pick<OutputOptions, 'quiet'>,
  advice: string,
  now: () => number = Date.now,
): Promise<Progress> {
  if (options.quiet === true) return { update() {}, stop() {} }
  const bars = terminal.errIsTerminal ? (await import('cli-progress')).default : null
  const begun = now()
  let drawn = begun
  let announced = false
  let bar: SingleBar | null = null
  return {
    update(done, total) {
      const time = now()
      if (time - begun < PATIENCE_MS || time - drawn < REDRAW_MS) return
      drawn = time
      const rate = (done / (time - begun)) * 1000
      const left = Math.max(0, total - done) / rate
      const pace = `${unitText(Math.round(rate))}/s, ${timeText(left)} left`
      if (left >= LONG_SECONDS && !announced) {
        announced = true
        warn(terminal, `${label}: ${unitText(total)} to read at ${pace}; ${advice}`)
      }
      if (bars === null) return
      if (bar === null) {
        bar = new bars.SingleBar(looksOf(label))
        bar.start(total, 0, { pace })
      }
      bar.setTotal(total)
      bar.update(done, { pace })
    },
    stop() {
      bar?.stop()
      bar = null
    },
  }
}

/** The progress of a search for roots in all of an image. */
export async function startSearch(
  terminal: Terminal,
  options: Pick<OutputOptions, 'quiet'>,
  label = 'looking for KHO roots',
): Promise<Progress> {
  return startProgress(label, terminal, options, '--root ADDR reads no more than the state at that address')
}

/** `8 s`, `3 min`, `2 h 5 min`: nobody can promise more. */
export function timeText(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const rest = minutes % 60
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`
}

function looksOf(label: string): Options {
  return {
    format: `${label} [{bar}] {percentage}%, {pace}`,
    clearOnComplete: true,
    hideCursor: false,
    stream: process.stderr,
    // Every update draws: the event loop does not turn while the work runs, so timers would never fire.
    synchronousUpdate: true,
    gracefulExit: false,
  }
}

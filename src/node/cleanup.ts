import { constants } from 'node:os'

/** Undoes one thing; called at most once, and must not throw nor wait. */
type Undo = () => void

const pending = new Set<Undo>()
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Has something undone when this process ends, however it does short of SIGKILL. Handlers are installed only while
 * something is pending, so that elsewhere ^C works as if there were none.
 *
 * @returns a function that undoes it now.
 */
export function undoAtExit(undo: Undo): () => void {
  if (pending.size === 0) install()
  pending.add(undo)
  return () => {
    if (!pending.delete(undo)) return
    if (pending.size === 0) uninstall()
    undo()
  }
}

function undoAll(): void {
  // Last made, first undone: a guest ends before its folder goes.
  for (const undo of [...pending].reverse()) {
    pending.delete(undo)
    undo()
  }
}

function install(): void {
  process.on('exit', undoAll)
  for (const signal of SIGNALS) process.on(signal, onSignal)
}

function uninstall(): void {
  process.off('exit', undoAll)
  for (const signal of SIGNALS) process.off(signal, onSignal)
}

/** Ends as the signal would have ended the process, unless someone else listens for it too. */
function onSignal(signal: NodeJS.Signals): void {
  undoAll()
  uninstall()
  if (process.listenerCount(signal) > 0) return
  try {
    process.kill(process.pid, signal)
  } catch {
    process.exit(128 + constants.signals[signal])
  }
}

/** Waits for the end of its standard input, which comes when this process ends, however it ends. */
const SCRIPT = 'read -r line; rm -f -- "$1"'

/**
 * Has a file removed when this process ends before the guard is dismissed. A signal handler of our own would not do:
 * the work is synchronous, so that one would be called only after it, and ^C would do nothing. Where there is no
 * shell, a process that a signal ends leaves the file behind.
 *
 * @returns what dismisses the guard; the file must not have that name any more.
 */
export function guardFile(path: string): () => void {
  // Loaded here, for large files only: every command could write one.
  const { spawn } = process.getBuiltinModule('node:child_process')
  // In a session of its own: ^C in a terminal goes to every process of the foreground.
  const child = spawn('sh', ['-c', SCRIPT, 'sh', path], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  child.on('error', () => {})
  child.unref()
  const { stdin } = child
  stdin.on('error', () => {})
  // A socket to Node, which would keep the process alive.
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
  return () => stdin.destroy()
}

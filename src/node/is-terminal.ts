import { fstatSync } from 'node:fs'

/**
 * True where a descriptor is a terminal. `node:tty` brings sockets and streams along, 5 ms of start-up: it is asked
 * only about what can be one.
 */
export function isTerminal(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(fd)
  } catch {
    return false
  }
}

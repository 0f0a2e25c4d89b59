import { fstatSync } from 'node:fs'

/** /dev/null: major 1, minor 3 (Documentation/admin-guide/devices.txt). */
const NULL_DEVICE = 0x103

/**
 * True where a descriptor is a terminal. `node:tty` brings sockets and streams along, 5 ms of start-up: it is asked
 * only about what can be one.
 */
export function isTerminal(fd: number): boolean {
  try {
    const stat = fstatSync(fd)
    if (!stat.isCharacterDevice()) return false
    if (process.platform === 'linux' && stat.rdev === NULL_DEVICE) return false
    return process.getBuiltinModule('node:tty').isatty(fd)
  } catch {
    return false
  }
}

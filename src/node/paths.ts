import { readFileSync } from 'node:fs'
import { KhoError } from '../../formats/error.js'

/** What Node puts where the bytes of an argument are no UTF-8. */
const REPLACEMENT = '\ufffd'

let given: Map<string, Buffer> | null = null

/**
 * A path as the file system has it. Node hands arguments on as text, and text has no bytes that are no UTF-8; the command line
 * of this process still has them.
 *
 * @throws KhoError `usage` where two arguments look alike and are not
 */
export function fileName(path: string): string | Buffer {
  if (!path.includes(REPLACEMENT)) return path
  given ??= readArguments()
  return given.get(path) ?? path
}

function readArguments(): Map<string, Buffer> {
  const found = new Map<string, Buffer>()
  let bytes: Buffer
  try {
    bytes = readFileSync('/proc/self/cmdline')
  } catch {
    return found
  }
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at)
    const argument = bytes.subarray(at, end < 0 ? bytes.length : end)
    const text = argument.toString('utf8')
    const other = found.get(text)
    if (text.includes(REPLACEMENT) && other !== undefined && !other.equals(argument)) {
      throw new KhoError('usage', `two names look like ${text}: neither is UTF-8`)
    }
    found.set(text, argument)
    at += argument.length + 1
  }
  return found
}

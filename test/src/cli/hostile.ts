import { machine } from '../owners/synthetic.js'

/** Session names that try to be more than names; the last has 64 bytes and no NUL. */
export const HOSTILE_NAMES = [
  '\u001b[2J\u001b]0;owned\u0007',
  'two\nlines\r',
  '\u00ff\u00fe\u0080caf\u00c3',
  '../../x',
  '/etc/passwd',
  '#0',
  'A'.repeat(63),
]

/** An image with one memfd in a session of each name. */
export function hostileImage(): Uint8Array {
  const made = machine()
  const sessions = HOSTILE_NAMES.map((name, n) => ({
    name,
    files: [made.memfd(BigInt(n), new Uint8Array(100).fill(97 + n))],
  }))
  made.addLuo({ sessions })
  const image = made.image()
  // What no encoder writes: a name that fills its field.
  const at = Buffer.from(image.buffer, image.byteOffset, image.length).indexOf('A'.repeat(63))
  image[at + 63] = 65
  return image
}

import { asciiBytes, findBytes } from '../memory/search.js'

/** Where a text stands in a kernel's bytes as a C string of its own: no letter before it, a NUL behind it. */
export function hasString(image: Uint8Array, text: string): boolean {
  const wanted = asciiBytes(text)
  for (let at = findBytes(image, wanted, 0); at >= 0; at = findBytes(image, wanted, at + 1)) {
    if (image[at + wanted.length] === 0 && (at === 0 || !isWord(image[at - 1]!))) return true
  }
  return false
}

/** All C strings that begin with `prefix` and whose rest `rest` accepts, each once, in order of the text. */
export function stringsWith(image: Uint8Array, prefix: string, rest: RegExp): string[] {
  const wanted = asciiBytes(prefix)
  const found = new Set<string>()
  for (let at = findBytes(image, wanted, 0); at >= 0; at = findBytes(image, wanted, at + 1)) {
    if (at > 0 && isWord(image[at - 1]!)) continue
    const text = stringAt(image, at)
    if (text !== null && rest.test(text.slice(prefix.length))) found.add(text)
  }
  return [...found].sort()
}

/** Longest string that is looked at: names of LUO have 48 bytes, lists of versions a few of them. */
const LONGEST = 256

/** The printable C string at an offset; null where it does not end soon, or is none. */
function stringAt(image: Uint8Array, offset: number): string | null {
  const end = image.indexOf(0, offset)
  if (end < 0 || end - offset > LONGEST) return null
  const text = String.fromCharCode(...image.subarray(offset, end))
  return /^[ -~\n]*$/.test(text) ? text : null
}

function isWord(byte: number): boolean {
  const lower = byte | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x5f
}

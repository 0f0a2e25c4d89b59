/**
 * The first place at or after `from` where `wanted` stands in `bytes`, or -1. The engine looks for one byte, of those
 * in `wanted` one that memory has few of; only where it stands the others are compared.
 */
export function findBytes(bytes: Uint8Array, wanted: Uint8Array, from = 0): number {
  const rare = rareByte(wanted)
  const value = wanted[rare]!
  for (
    let at = bytes.indexOf(value, from + rare) - rare;
    at >= from;
    at = bytes.indexOf(value, at + rare + 1) - rare
  ) {
    if (standsAt(bytes, wanted, at)) return at
  }
  return -1
}

/** The last place where `wanted` stands whole, or -1. */
export function findLastBytes(bytes: Uint8Array, wanted: Uint8Array): number {
  const first = wanted[0]!
  let at = bytes.lastIndexOf(first, bytes.length - wanted.length)
  while (at >= 0 && !standsAt(bytes, wanted, at)) at = at === 0 ? -1 : bytes.lastIndexOf(first, at - 1)
  return at
}

/** The bytes of a text of ASCII. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, char => char.charCodeAt(0))
}

function standsAt(bytes: Uint8Array, wanted: Uint8Array, at: number): boolean {
  for (let n = 0; n < wanted.length; n++) if (bytes[at + n] !== wanted[n]) return false
  return true
}

/** Where `wanted` has a byte that is neither 0, the commonest in memory, nor a blank, the commonest in text. */
function rareByte(wanted: Uint8Array): number {
  const found = wanted.findIndex(byte => byte !== 0 && byte !== 0x20 && byte !== 0xff)
  return Math.max(0, found)
}

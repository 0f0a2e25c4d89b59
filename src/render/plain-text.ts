import { escapeText } from './escape.js'

/** Bytes as text where they are UTF-8; else the bytes that are no ASCII as `\xNN`. */
export function nameText(byteString: string): string {
  const plain = byteString.replace(/["\\]/g, '\\$&')
  // Without a byte above 0x7f there is nothing to decode.
  if (!/[\u0080-\u00ff]/.test(plain)) return escapeText(plain)
  try {
    const raw = Uint8Array.from(plain, character => character.charCodeAt(0))
    return escapeText(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw))
  } catch {
    return plain.replace(
      /[^\u0020-\u007e]/g,
      character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
    )
  }
}

/** `2 MiB`, `1.2 GiB`: at most one decimal place. */
export function unitText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let unit = 0
  let value = bytes
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const text = Number.isInteger(value) ? String(value) : value.toFixed(1)
  return `${text} ${units[unit]}`
}

/** Thousands apart, for numbers that are to be read, not parsed. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

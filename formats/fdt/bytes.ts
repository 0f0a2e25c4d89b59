/** What a name may hold: one character for each byte, so none above U+00FF, and no NUL, which ends it. */
const NAME = /^[\x01-\xff]*$/

/** Characters per call of `fromCharCode`, well below any engine's limit of arguments. */
const SLICE = 4096

/** Names of nodes are as long: put together one by one they take a fifth of the time. */
const SHORT = 16

/** The bytes as a string of the same length, one character (U+0000 to U+00FF) for each byte. */
export function latin1(bytes: Uint8Array): string {
  let text = ''
  if (bytes.length <= SHORT) {
    for (let at = 0; at < bytes.length; at++) text += String.fromCharCode(bytes[at] as number)
    return text
  }
  for (let at = 0; at < bytes.length; at += SLICE) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + SLICE) as unknown as number[])
  }
  return text
}

/** Writes a byte string; the caller has made sure of the room. */
export function putLatin1(target: Uint8Array, offset: number, text: string): void {
  for (let at = 0; at < text.length; at++) target[offset + at] = text.charCodeAt(at)
}

/** True for a string that can stand in a blob as a name or as the text of a value. */
export function isByteString(text: string): boolean {
  return NAME.test(text)
}

/** A view for words of the whole of `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The next multiple of `step`, which need not be a power of two; no 32-bit arithmetic. */
export function alignUp(value: number, step: number): number {
  return Math.ceil(value / step) * step
}

/** A number for a message. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`
}

/** A name for a message: quoted, with what is not printable ASCII escaped, and cut to 40 bytes. */
export function quote(name: string): string {
  const start = name.length > 40 ? name.slice(0, 40) : name
  const text = start.replace(
    /[^ !#-[\]-~]/g,
    char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return `"${text}${name.length > 40 ? '…' : ''}"`
}

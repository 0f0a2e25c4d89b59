import { hexy } from 'hexy'

/** How rows of a dump look: hex, and text beside it. */
export interface RowLayout {
  /** Bytes in a row. */
  row: number
  /** Characters of it, at the least. */
  rowWidth: number
}

/** Renders bytes of a row, `length` of them from `at`, at the most as many as a row has. */
export type Rows = (source: Uint8Array, at: number, length: number) => string

/** Bytes that hexy renders at a time, and in one line, of which it makes no longer ones: rows are cut from its lines. */
const PIECE = 4096
const LINE = 256
/** Where in a line the text begins: behind three characters a byte and three more. */
const TEXT = LINE * 3 + 3
const LINE_WIDTH = TEXT + LINE + 1

/** Words that are kept: a device tree has the same few tokens and lengths a million times. */
const KEPT_BITS = 12

/** Rows of the same layout. */
export function createRows({ row, rowWidth }: RowLayout): Rows {
  const blanks = Array.from({ length: rowWidth + 1 }, (_, n) => ' '.repeat(n))
  const keys = new Uint32Array(2 ** KEPT_BITS)
  const kept: string[] = []
  let rendered: Uint8Array | null = null
  let first = 0
  let lines = ''

  /** What hexy makes of the bytes around a place. */
  function render(source: Uint8Array, at: number): void {
    rendered = source
    first = at - (at % PIECE)
    const { buffer, byteOffset, length } = source
    const bytes = Buffer.from(buffer, byteOffset + first, Math.min(PIECE, length - first))
    // hexy's own address column breaks at 4 GiB. Of a Uint8Array that is no Buffer it makes a string, and of bytes above
    // 0x7f 0xfd (hexy 0.4.0). DEL is no dot to it.
    lines = hexy(bytes, { bytesPerLine: LINE, bytesPerGroup: 1, showAddress: false }).replaceAll('\x7f', '.')
  }

  function made(source: Uint8Array, from: number, length: number): string {
    let hex = ''
    let text = ''
    for (let at = from, to = from + length; at < to; ) {
      if (source !== rendered || at < first || at >= first + PIECE) render(source, at)
      const column = (at - first) % LINE
      const line = ((at - first - column) / LINE) * LINE_WIDTH
      const count = Math.min(LINE - column, to - at)
      hex += lines.slice(line + column * 3, line + (column + count) * 3)
      text += lines.slice(line + TEXT + column, line + TEXT + column + count)
      at += count
    }
    return (
      hex + blanks[(row - length + 1) * 3]! + text + blanks[Math.max(0, rowWidth - row * 3 - 3 - length)]!
    )
  }

  return (source, at, length) => {
    if (length !== 4) return made(source, at, length)
    const word =
      ((source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!) >>> 0
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - KEPT_BITS)
    if (keys[slot] !== word) {
      // Kept when it comes again: most come once.
      keys[slot] = word
      kept[slot] = ''
      return made(source, at, length)
    }
    if (!kept[slot]) kept[slot] = made(source, at, length)
    return kept[slot]
  }
}

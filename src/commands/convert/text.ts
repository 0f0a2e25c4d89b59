import { hex } from '../../../formats/memory/fault.js'
import { countBlocks, orders, totals } from '../../../formats/pages/page-set.js'
import type { Conversion } from '../../convert/conversion.js'
import { escapeText } from '../../render/escape.js'
import type { JsonOf } from '../../render/json.js'
import type { Palette } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'
import type { schema } from './schema.js'

/** A file that was written. */
export interface WrittenFile {
  file: string
  size: number
  container: 'raw' | 'elf'
  /** Physical address of a raw file's first byte; 0 for ELF. */
  base: number
}

/** What a conversion did, and what it could not carry. */
export function convertJson(conversion: Conversion, written: WrittenFile): JsonOf<typeof schema> {
  const { from, to, root, rootBytes, counts, pages, losses } = conversion
  return {
    schema: 'kho/convert/1',
    file: written.file,
    container: written.container,
    size: written.size,
    base: hex(written.base),
    from,
    to,
    root: hex(root),
    rootBytes,
    trackerAllocations: counts.allocations,
    ...totals(pages),
    orders: orders(pages)
      .map(order => ({ order, blocks: countBlocks(pages, order) }))
      .filter(({ blocks }) => blocks > 0),
    losses: losses.map(({ code, kind, path, message }) => ({ code, kind, path, message })),
  }
}

/** The same for people. */
export function writeConvertText(
  write: Writer,
  conversion: Conversion,
  written: WrittenFile,
  palette: Palette,
): void {
  const { from, to, root, pages, losses } = conversion
  const { blocks, bytes } = totals(pages)
  const base = written.container === 'raw' ? `, of memory from ${hex(written.base)}` : ''
  write(`${escapeText(written.file)}: ${written.size} bytes${base}\n`)
  write(`${from} to ${to}: root at ${hex(root)}, ${blocks} blocks, ${bytes} bytes preserved\n`)
  if (losses.length === 0) write('nothing lost\n')
  const colors = { lost: palette.bad, changed: palette.faint, assumed: palette.warning }
  for (const { code, kind, path, message } of losses) {
    const place = path === null ? '-' : escapeText(path)
    write(`${colors[kind](kind)} ${palette.label(code)} ${place}: ${escapeText(message)}\n`)
  }
}

import type { PageSet } from '../../../formats/pages/page-set.js'
import { forEachBlock, forEachRange } from '../../../formats/pages/runs.js'
import { type LineBuffer, lineBuffer } from '../../render/lines.js'
import type { Writer } from '../../render/writer.js'

/** The forms in which preserved memory is listed. */
export type PagesForm = 'text' | 'json' | 'ndjson'

/** Writes every preserved block, sorted by address, then order. Goes through a byte buffer: there may be millions. */
export function writeBlocks(write: Writer, pages: PageSet, form: PagesForm): void {
  if (form === 'text') {
    writeItems(write, buffer => {
      forEachBlock(pages, (address, order) => {
        buffer.hex(address)
        buffer.text(' ')
        buffer.decimal(order)
        buffer.text('\n')
      })
    })
    return
  }
  writeDocument(write, form, 'blocks', (buffer, between) => {
    forEachBlock(pages, (address, order) => {
      between()
      buffer.text('{"address":"')
      buffer.hex(address)
      buffer.text('","order":')
      buffer.decimal(order)
      buffer.text('}')
    })
  })
}

/** Writes the preserved bytes as half-open ranges, merged over orders, ascending. */
export function writeRanges(write: Writer, pages: PageSet, form: PagesForm): void {
  if (form === 'text') {
    writeItems(write, buffer => {
      forEachRange(pages, (start, end) => {
        buffer.hex(start)
        buffer.text('-')
        buffer.hex(end)
        buffer.text(' ')
        buffer.decimal(end - start)
        buffer.text('\n')
      })
    })
    return
  }
  writeDocument(write, form, 'ranges', (buffer, between) => {
    forEachRange(pages, (start, end) => {
      between()
      buffer.text('{"start":"')
      buffer.hex(start)
      buffer.text('","end":"')
      buffer.hex(end)
      buffer.text('"}')
    })
  })
}

/** Runs `items` in front of a byte buffer. */
export function writeItems(write: Writer, items: (buffer: LineBuffer) => void): void {
  const buffer = lineBuffer(write)
  items(buffer)
  buffer.flush()
}

/** The frame around JSON items: a document with one list, or nothing but lines. */
export function writeDocument(
  write: Writer,
  form: 'json' | 'ndjson',
  list: 'blocks' | 'ranges',
  items: (buffer: LineBuffer, between: () => void) => void,
): void {
  const separator = form === 'json' ? ',\n' : '\n'
  let first = true
  writeItems(write, buffer => {
    if (form === 'json') buffer.text(`{\n"schema":"kho/pages/1",\n"${list}":[\n`)
    items(buffer, () => {
      if (!first) buffer.text(separator)
      first = false
    })
    if (!first) buffer.text('\n')
    if (form === 'json') buffer.text(']\n}\n')
  })
}

import type { PageSet } from '../../../formats/pages/page-set.js'
import { forEachOwnedBlock, forEachOwnedRange } from '../../owners/algebra.js'
import type { Ownership } from '../../owners/ownership.js'
import { jsonString } from '../../render/escape.js'
import type { LineBuffer } from '../../render/lines.js'
import type { Writer } from '../../render/writer.js'
import { type PagesForm, writeDocument, writeItems } from './list.js'

/** What a line buffer takes at once. */
const PIECE = 200

/** Preserved blocks with a column more: the owner's path, or `-`; of several the first and `+N`. */
export function writeOwnedBlocks(write: Writer, pages: PageSet, ownership: Ownership, form: PagesForm): void {
  if (form === 'text') {
    writeItems(write, buffer => {
      forEachOwnedBlock(pages, ownership, (address, order, first, owners) => {
        buffer.hex(address)
        buffer.text(' ')
        buffer.decimal(order)
        ownerColumn(buffer, ownership, first, owners)
      })
    })
    return
  }
  writeDocument(write, form, 'blocks', (buffer, between) => {
    forEachOwnedBlock(pages, ownership, (address, order, first, owners) => {
      between()
      buffer.text('{"address":"')
      buffer.hex(address)
      buffer.text('","order":')
      buffer.decimal(order)
      ownerKeys(buffer, ownership, first, owners)
    })
  })
}

/** Preserved ranges by owner: where the owner changes, a new one begins. */
export function writeOwnedRanges(write: Writer, pages: PageSet, ownership: Ownership, form: PagesForm): void {
  if (form === 'text') {
    writeItems(write, buffer => {
      forEachOwnedRange(pages, ownership, (start, end, first, owners) => {
        buffer.hex(start)
        buffer.text('-')
        buffer.hex(end)
        buffer.text(' ')
        buffer.decimal(end - start)
        ownerColumn(buffer, ownership, first, owners)
      })
    })
    return
  }
  writeDocument(write, form, 'ranges', (buffer, between) => {
    forEachOwnedRange(pages, ownership, (start, end, first, owners) => {
      between()
      buffer.text('{"start":"')
      buffer.hex(start)
      buffer.text('","end":"')
      buffer.hex(end)
      buffer.text('"')
      ownerKeys(buffer, ownership, first, owners)
    })
  })
}

function ownerColumn(buffer: LineBuffer, ownership: Ownership, first: number | null, owners: number): void {
  buffer.text(' ')
  longText(buffer, first === null ? '-' : ownership.path(first))
  if (owners > 1) buffer.text(` +${owners - 1}`)
  buffer.text('\n')
}

function ownerKeys(buffer: LineBuffer, ownership: Ownership, first: number | null, owners: number): void {
  buffer.text(',"owner":')
  longText(buffer, first === null ? 'null' : jsonString(ownership.path(first)))
  buffer.text(',"moreOwners":')
  buffer.decimal(Math.max(0, owners - 1))
  buffer.text('}')
}

/** Paths are ASCII, but can be longer than what the buffer takes at once. */
function longText(buffer: LineBuffer, text: string): void {
  for (let at = 0; at < text.length; at += PIECE) buffer.text(text.slice(at, at + PIECE))
}

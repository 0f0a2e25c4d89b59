import { hex } from '../../../formats/memory/fault.js'
import { escapeText } from '../../render/escape.js'
import { trackerText } from '../../render/tracker-text.js'
import { type Palette, unitText } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'
import type { PreservedBlock } from '../../whois/neighbours.js'
import type { Owner, Whois } from '../../whois/whois.js'

/** Writes what is known of one address of an image, for people. */
export function writeWhois(
  write: Writer,
  answer: Whois,
  pageSize: number,
  palette: Palette,
  image: string,
): void {
  const { address, block } = answer
  const line = (label: string, text: string) => write(`  ${palette.faint(label.padEnd(9))} ${text}\n`)
  const verdict = block === null ? palette.bad('not preserved') : palette.good('preserved')
  write(
    `${palette.label(hex(address))}  ${verdict}${block === null ? '' : `, ${blockText(block, pageSize)}`}\n`,
  )
  for (const other of answer.overlapping) line('also', `in ${blockText(other, pageSize)}`)
  if (answer.trackerPath.length > 0) line('tracker', trackerText(answer.trackerPath))
  for (const owner of answer.owners) line('owner', ownerText(owner, palette))
  if (answer.moreOwners > 0) line('', `and ${answer.moreOwners} more`)
  if (block !== null && answer.owners.length === 0) line('owner', palette.warning('none: nothing claims it'))
  line('memory', memoryText(answer))
  if (answer.previous !== null) line('previous', blockText(answer.previous, pageSize))
  if (answer.next !== null) line('next', blockText(answer.next, pageSize))
  // What a kernel gives back for it is told by that command.
  if (block !== null) line('restore', `kho boot ${word(image)} --restore ${hex(block.address)}`)
  for (const hint of answer.hints) line('hint', escapeText(hint))
}

/** A file's name as a shell takes it. */
function word(name: string): string {
  return /^[\w./:@%+=-]+$/.test(name) ? name : `'${escapeText(name.replaceAll("'", "'\\''"))}'`
}

function blockText({ address, order }: PreservedBlock, pageSize: number): string {
  const size = pageSize * 2 ** order
  return `order ${order}, ${hex(address)}-${hex(address + size)} (${unitText(size)})`
}

function ownerText(owner: Owner, palette: Palette): string {
  const { path, heldAs, kind, version, start, end, preserved } = owner
  const what = [kind, version, preserved ? null : 'not meant to be preserved'].filter(part => part !== null)
  const called = heldAs === null ? '' : ` ${palette.strong(escapeText(heldAs))}`
  return `${escapeText(path)}${called} ${palette.faint(`(${escapeText(what.join(', '))}; ${hex(start)}-${hex(end)})`)}`
}

function memoryText({ memory, absent }: Whois): string {
  if (memory === 'scratch')
    return absent === null ? 'scratch' : `scratch; its bytes are not in the dump (${absent})`
  if (memory === 'ram') return 'RAM'
  if (memory === 'outside') return 'outside of all memory that the dump knows of'
  return `RAM whose bytes are not in the dump (${absent ?? 'excluded'})`
}

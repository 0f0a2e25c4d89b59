import { hex } from '../../../formats/memory/fault.js'
import { escapeText } from '../../render/escape.js'
import { findingCounts, findingLine, outcomeText } from '../../render/finding-text.js'
import { roomLines } from '../../render/room-text.js'
import { grouped, nameText, type Palette, unitText } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'
import type { Stat, TrackerFill } from '../../stat/stat.js'
import { WORST } from './json.js'
import { writeRegions, writeSessions } from './lists.js'
import type { Shown } from './order.js'

/** Writes a state on one screen. */
export function writeStat(write: Writer, stat: Stat, shown: Shown, palette: Palette): void {
  const line = (label: string, text: string) => write(`${palette.label(label.padEnd(LABEL))} ${text}\n`)
  line('written by', writerText(stat, palette))
  line('image', imageText(stat))
  line('state', stateText(stat, palette))
  writeOutcome(write, stat, palette)
  line('holds', totalsText(stat, palette))
  line('tracker', trackerText(stat, palette))
  line('scratch', scratchText(stat, palette))
  for (const text of roomLines(stat.scratch, stat.room)) write(`${INDENT}${palette.faint(text)}\n`)
  writeSessions(write, stat, shown, palette)
  writeRegions(write, stat, shown, palette)
  writeFindings(write, stat, palette)
}

const LABEL = 10
const INDENT = ' '.repeat(LABEL + 1)

function writerText({ writer }: Stat, palette: Palette): string {
  const { release, evidence, abi, kexecCount } = writer
  const who =
    release === null ? palette.warning('a kernel that is not known') : palette.strong(nameText(release))
  const times = kexecCount === null ? '' : `, kexec ${grouped(kexecCount)}`
  return `${who} ${palette.faint(`(${evidence})`)}, ${abi}${times}`
}

function imageText({ image }: Stat): string {
  const { path, container, pageSize, ramBytes, ramRanges, osRelease } = image
  const shows = osRelease === null ? '' : ` of ${escapeText(osRelease)}`
  const ranges = ramRanges === 1 ? 'one range' : `${grouped(ramRanges)} ranges`
  return `${escapeText(path)}: ${container}${shows}, ${unitText(ramBytes)} of memory in ${ranges}, pages of ${unitText(pageSize)}`
}

function stateText({ root }: Stat, palette: Palette): string {
  const { direction, state, reason, address, others } = root
  const alive =
    state === 'live' ? palette.good(state) : state === 'partial' ? palette.warning(state) : palette.bad(state)
  const why = reason === null ? '' : ` ${palette.faint(`(${escapeText(reason)})`)}`
  const side = direction === 'unknown' ? 'direction not known' : direction
  const more = others === 0 ? '' : `; ${others === 1 ? 'one more root' : `${others} more roots`} in the dump`
  return `${palette.strong(side)}, map ${alive}${why}, root FDT${address === null ? '’s address not known' : ` at ${hex(address)}`}${more}`
}

function writeOutcome(write: Writer, { outcome }: Stat, palette: Palette): void {
  const { word, kernel, why, reason, assumptions } = outcome
  write(`${palette.label('outcome'.padEnd(LABEL))} ${outcomeText(word, palette)} for ${escapeText(kernel)}\n`)
  if (why[0] !== undefined) {
    const more = why.length === 1 ? '' : `; also ${why.slice(1, 4).join(', ')}${why.length > 4 ? ' …' : ''}`
    write(`${INDENT}${palette.label(why[0])}${reason === null ? '' : `: ${escapeText(reason)}`}${more}\n`)
  }
  for (const assumption of assumptions)
    write(`${INDENT}${palette.faint(`assumed: ${escapeText(assumption)}`)}\n`)
}

function totalsText({ totals, notKnown }: Stat, palette: Palette): string {
  const { blocks, bytes, metadataBytes, sessions, files, regions } = totals
  const preserved =
    blocks === null || bytes === null || metadataBytes === null
      ? `preserved memory ${palette.warning('not known')} ${palette.faint(`(${escapeText(notKnown ?? '')})`)}`
      : `${countText(blocks, 'block')}, ${unitText(bytes)} preserved; ${unitText(metadataBytes)} of tracker`
  return `${preserved}; ${countText(sessions, 'session')}, ${countText(files, 'file')}, ${countText(regions, 'region')}`
}

/** `3 files`; `? files` where that is not known. */
function countText(count: number | null, noun: string): string {
  return `${count === null ? '?' : grouped(count)} ${noun}${count === 1 ? '' : 's'}`
}

function trackerText({ tracker }: Stat, palette: Palette): string {
  const { format, nodes, absentNodes, fill } = tracker
  if (nodes === null) return `${format ?? 'no known format'}, ${palette.warning('not known how full')}`
  const absent = absentNodes === 0 || absentNodes === null ? '' : `, ${grouped(absentNodes)} not in the dump`
  const kinds = byKind(fill).map(fillText)
  return [`${format ?? 'no known format'}, ${grouped(nodes)} pages${absent}`, ...kinds].join('; ')
}

/** All levels of a tree in one: what is said of each fills a screen by itself. */
function byKind(fill: readonly TrackerFill[]): TrackerFill[] {
  const rows = new Map<string, TrackerFill>()
  for (const row of fill) {
    const known = rows.get(row.kind)
    const { nodes, used, of } = row
    if (known === undefined) rows.set(row.kind, row)
    else
      rows.set(row.kind, { ...known, nodes: known.nodes + nodes, used: known.used + used, of: known.of + of })
  }
  return [...rows.values()]
}

function fillText({ kind, nodes, unit, used, of }: TrackerFill): string {
  const what = nodes === 1 ? `one ${kind}` : `${grouped(nodes)} ${PLURAL[kind]}`
  return `${what} ${percent(used, of)} full (${grouped(used)} of ${grouped(of)} ${unit})`
}

/** `0.2 %`; what is there is never 0, what is not whole never 100. */
function percent(used: number, of: number): string {
  if (used === 0 || used === of) return `${used === 0 ? 0 : 100} %`
  const share = (used / of) * 100
  if (share < 0.1) return 'under 0.1 %'
  return share > 99.9 ? 'over 99.9 %' : `${share.toFixed(1)} %`
}

const PLURAL: Readonly<Record<TrackerFill['kind'], string>> = {
  chunk: 'chunks',
  bitmap: 'bitmaps',
  table: 'tables',
  leaf: 'leaves',
  array: 'arrays',
}

function scratchText({ scratch, scratchReason }: Stat, palette: Palette): string {
  const reason = palette.faint(`(${escapeText(scratchReason)})`)
  if (scratch === null) return `${palette.warning('not known')} ${reason}`
  const size = scratch.bytes === null ? 'of sizes that no memory has' : unitText(scratch.bytes)
  return `${countText(scratch.areas, 'area')}, ${size} ${reason}`
}

function writeFindings(write: Writer, { findings }: Stat, palette: Palette): void {
  write(`${palette.label('findings'.padEnd(LABEL))} ${findingCounts(findings)}\n`)
  for (const finding of findings.slice(0, WORST)) write(`  ${findingLine(finding, palette)}\n`)
  const more = findings.length - WORST
  if (more > 0) write(`  ${palette.faint(`… ${grouped(more)} more: kho validate lists them`)}\n`)
}

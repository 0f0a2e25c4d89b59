import type { RoomStat, ScratchStat } from '../stat/stat.js'
import { escapeText } from './escape.js'
import { grouped, unitText } from './plain-text.js'

/**
 * The room that there is to boot in, a line for each thing that is worth one. A dump that was cut to some pages knows
 * next to nothing of it, and gets one line.
 */
export function roomLines(scratch: ScratchStat | null, room: RoomStat): string[] {
  const { memmapBytes, gigantic, opened } = room
  const fill = scratch?.fill ?? null
  const lines = fill !== null && fill.present >= fill.looked * ENOUGH ? [fillText(fill)] : []
  if (memmapBytes === null && opened !== null && opened.notKnown !== null)
    return [...lines, `whether it is enough is not known (${escapeText(opened.notKnown)})`]
  if (memmapBytes !== null) {
    const fits = gigantic === null ? '' : `; ${pagesText(gigantic)}`
    lines.push(
      `up to 7.2 a kernel boots in it alone: ${memmapText(memmapBytes, scratch?.bytes ?? null)}${fits}`,
    )
  }
  return opened === null ? lines : [...lines, openedText(opened)]
}

/** Below this share of the pages that were looked at, the others say nothing of them. */
const ENOUGH = 0.5

function fillText({ pages, looked, present, used }: NonNullable<ScratchStat['fill']>): string {
  const which =
    looked === pages ? `${grouped(pages)} pages` : `${grouped(looked)} pages that lie evenly in it`
  const lack = present === looked ? '' : `, of which the dump lacks ${grouped(looked - present)}`
  const share = `${Math.ceil((100 * used) / present)} %`
  return `at most ${share} full: ${grouped(used)} hold something, of ${which}${lack}`
}

function memmapText(memmap: number, bytes: number | null): string {
  const fits = bytes === null ? '' : memmap > bytes ? ', which it has not' : ', which it has'
  return `it must have ${unitText(memmap)} for struct pages, and more${fits}`
}

function openedText({ kernel, ranges, bytes, gigantic, notKnown }: NonNullable<RoomStat['opened']>): string {
  if (ranges === null || bytes === null)
    return `what ${escapeText(kernel)} opens beside it is not known (${escapeText(notKnown ?? '')})`
  if (ranges === 0) return `${escapeText(kernel)} opens nothing beside it: every block of 1 GiB is busy`
  const where = ranges === 1 ? 'one range' : `${grouped(ranges)} ranges`
  const fit = gigantic === null ? '' : `; ${pagesText(gigantic)}`
  return `${escapeText(kernel)} opens ${unitText(bytes)} beside it, in ${where}${fit}`
}

function pagesText(count: number): string {
  return count === 0
    ? 'no page of 1 GiB fits'
    : `${grouped(count)} ${count === 1 ? 'page of 1 GiB fits' : 'pages of 1 GiB fit'}`
}

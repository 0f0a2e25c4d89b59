import type { Reader } from './reader.js'

/** What one kernel makes of one component that another has written. */
export interface CompatRow {
  component: string
  writes: string
  reads: string
  outcome: 'ok' | 'rejected' | 'oops' | 'error-reported' | 'accepted-different'
  note: string
}

const BADNESS: readonly CompatRow['outcome'][] = [
  'ok',
  'accepted-different',
  'error-reported',
  'oops',
  'rejected',
]

/** Component by component: what `reader` makes of what `writer` hands over. The first row that is rejected decides. */
export function compareReleases(writer: Reader, reader: Reader): CompatRow[] {
  const rows = [rootRow(writer, reader), trackerRow(writer, reader)]
  if (rows.some(row => row.outcome === 'rejected')) return rows
  return [...rows, ...blobRows(writer, reader)]
}

/** The row that says what becomes of the hand-over as a whole: a refusal first, then the worst of the rest. */
export function overall(rows: readonly CompatRow[]): CompatRow {
  return rows.reduce((a, b) => (BADNESS.indexOf(b.outcome) > BADNESS.indexOf(a.outcome) ? b : a))
}

function rootRow(writer: Reader, reader: Reader): CompatRow {
  const writes = writer.compatible ?? 'kho-v1'
  const reads = reader.compatible ?? 'not looked at'
  const same = reader.compatible === null || reader.compatible === writes
  return {
    component: 'root compatible',
    writes,
    reads,
    outcome: same ? 'ok' : 'rejected',
    note: same ? '' : `"… is incompatible with '${reads}'": boots without KHO`,
  }
}

function trackerRow(writer: Reader, reader: Reader): CompatRow {
  const row = { component: 'tracker', writes: describeTracker(writer), reads: describeTracker(reader) }
  const early = (release: Reader) => release.blobProperty === null
  if (early(writer) !== early(reader)) {
    const whole = reader.mapChecked === 'populate'
    const note = 'the map pointer is in another place: an error, and nothing is reserved'
    return { ...row, outcome: whole ? 'rejected' : 'error-reported', note }
  }
  if (writer.tracker !== reader.tracker) return { ...row, outcome: 'rejected', note: 'another tracker' }
  if (writer.bitmap !== reader.bitmap) {
    const note =
      'the same string, another bitmap: blocks are lost and others appear, without a word (a2fff99f92da)'
    return { ...row, outcome: 'accepted-different', note }
  }
  if (reader.intSize && !writer.intSize) {
    return { ...row, outcome: 'ok', note: 'blocks of 2 GiB and more are reserved with a wrong size' }
  }
  if (reader.maxOrder && !writer.maxOrder) {
    return { ...row, outcome: 'ok', note: 'blocks above MAX_PAGE_ORDER are reserved, and cannot be restored' }
  }
  return { ...row, outcome: 'ok', note: '' }
}

function describeTracker({ tracker, bitmap }: Reader): string {
  if (bitmap === null) return tracker
  return `${tracker}, ${bitmap === 512 ? '512-byte' : 'page-size'} bitmaps`
}

function blobRows(writer: Reader, reader: Reader): CompatRow[] {
  const rows: CompatRow[] = []
  const say = (value: string | null | boolean, no = 'none') => (value === true ? 'yes' : value || no)
  rows.push({
    component: 'blob property',
    writes: say(writer.blobProperty, 'nodes inline') + (writer.blobSize ? ', blob-size' : ''),
    reads: say(reader.blobProperty, 'nodes inline') + (reader.blobSize ? ', blob-size' : ''),
    outcome:
      writer.blobProperty === reader.blobProperty && (writer.blobSize || !reader.blobSize)
        ? 'ok'
        : 'error-reported',
    note: writer.blobProperty === reader.blobProperty ? '' : 'no blob is found',
  })
  const luo = writer.luo !== null && reader.luo !== null && writer.luo !== reader.luo
  rows.push({
    component: 'LUO',
    writes: say(writer.luo),
    reads: say(reader.luo),
    outcome: luo ? 'oops' : 'ok',
    note: luo
      ? 'luo_restore_fail() panics'
      : writer.luo !== null && reader.luo === null
        ? 'not looked at'
        : '',
  })
  const lost = writer.luo === null ? [] : writer.memfd.filter(version => !reader.memfd.includes(version))
  rows.push({
    component: 'memfd',
    writes: writer.memfd.join(', ') || 'none',
    reads: reader.memfd.join(', ') || 'none',
    outcome: lost.length > 0 && reader.luo !== null ? 'error-reported' : 'ok',
    note:
      lost.length > 0 && reader.luo !== null
        ? `no handler for ${lost.join(', ')}: opening the LUO device fails`
        : '',
  })
  rows.push({
    component: 'kexec-metadata',
    writes: say(writer.kexecMetadata),
    reads: say(reader.kexecMetadata),
    outcome: 'ok',
    note: '',
  })
  return rows
}

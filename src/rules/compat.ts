import { handlersOf, type Kernel, type ReadingKernel, takesCompatible } from '../../formats/kernels/index.js'

/** What one kernel makes of one component that another has written. */
export interface CompatRow {
  component: string
  writes: string
  reads: string
  outcome: (typeof COMPAT_OUTCOMES)[number]
  note: string
}

/** What a kernel can make of a component, from best to worst. */
export const COMPAT_OUTCOMES = [
  'ok',
  'accepted-different',
  'error-reported',
  'unknown',
  'loop',
  'oops',
  'rejected',
] as const

/** Component by component: what `reader` makes of what `writer` hands over. The first row that is rejected decides. */
export function compareReleases(writer: Kernel, reader: ReadingKernel): CompatRow[] {
  const rows = [rootRow(writer, reader), trackerRow(writer, reader)]
  if (rows.some(row => row.outcome === 'rejected')) return rows
  return [...rows, ...blobRows(writer, reader)]
}

/** The row that says what becomes of the hand-over as a whole: a refusal first, then the worst of the rest. */
export function overall(rows: readonly CompatRow[]): CompatRow {
  return rows.reduce((a, b) =>
    COMPAT_OUTCOMES.indexOf(b.outcome) > COMPAT_OUTCOMES.indexOf(a.outcome) ? b : a,
  )
}

function rootRow(writer: Kernel, reader: ReadingKernel): CompatRow {
  const writes = writer.layout.compatible
  const reads = reader.reads.checksCompatible ? reader.layout.compatible : 'not looked at'
  const same = takesCompatible(reader, writes)
  return {
    component: 'root compatible',
    writes,
    reads,
    outcome: same ? 'ok' : 'rejected',
    note: same ? '' : `"… is incompatible with '${reads}'": boots without KHO`,
  }
}

/** Whether a kernel finds its way in what another one has built. */
export function trackerRow(writer: Kernel, reader: ReadingKernel): CompatRow {
  const [from, to] = [writer.layout, reader.layout]
  const row = { component: 'tracker', writes: describeTracker(writer), reads: describeTracker(reader) }
  if (from.map.node !== to.map.node || from.map.property !== to.map.property) {
    const whole = reader.reads.mapChecked === 'populate'
    const note = 'the map pointer is in another place: an error, and nothing is reserved'
    return { ...row, outcome: whole ? 'rejected' : 'error-reported', note }
  }
  if (from.map.perOrder === true && to.map.perOrder !== true) {
    const note = 'the property holds an address for each order, not one: an error, and nothing is reserved'
    return { ...row, outcome: 'error-reported', note }
  }
  if (from.tracker !== to.tracker) {
    const note =
      'another tracker in the same place: its words are taken for addresses, and what is there decides'
    return { ...row, outcome: 'unknown', note }
  }
  if (from.bitmap !== to.bitmap) {
    const note =
      'the same string, another bitmap: blocks are lost and others appear, without a word (a2fff99f92da)'
    return { ...row, outcome: 'accepted-different', note }
  }
  if (reader.reads.bitStride === 'page') {
    const note =
      'the walk counts bits in pages: blocks of orders above 0 are reserved at other addresses, without a word'
    return { ...row, outcome: 'accepted-different', note }
  }
  if (reader.reads.keeps === 'skip') {
    return {
      ...row,
      outcome: 'ok',
      note: 'pages are skipped, none is reserved; they come back without orders',
    }
  }
  if (reader.reads.intSize && writer.reads?.intSize === false) {
    return { ...row, outcome: 'ok', note: 'blocks of 2 GiB and more are reserved with a wrong size' }
  }
  if (reader.reads.maxOrder && writer.reads?.maxOrder === false) {
    return { ...row, outcome: 'ok', note: 'blocks above MAX_PAGE_ORDER are reserved, and cannot be restored' }
  }
  return { ...row, outcome: 'ok', note: '' }
}

function describeTracker({ layout }: Kernel): string {
  if (layout.bitmap === null) return layout.tracker
  return `${layout.tracker}, ${layout.bitmap === 512 ? '512-byte' : 'page-size'} bitmaps`
}

function blobRows(writer: Kernel, reader: ReadingKernel): CompatRow[] {
  return [
    blobRow(writer, reader),
    luoRow(writer, reader),
    memfdRow(writer, reader),
    metadataRow(writer, reader),
  ]
}

function blobRow({ layout: from }: Kernel, { layout: to }: ReadingKernel): CompatRow {
  const say = (layout: Kernel['layout']) =>
    (layout.blobProperty ?? 'nodes inline') + (layout.blobSize ? ', blob-size' : '')
  const same = from.blobProperty === to.blobProperty
  return {
    component: 'blob property',
    writes: say(from),
    reads: say(to),
    outcome: same && (from.blobSize || !to.blobSize) ? 'ok' : 'error-reported',
    note: same ? '' : 'no blob is found',
  }
}

function luoRow(writer: Kernel, reader: ReadingKernel): CompatRow {
  const [from, to] = [writer.users.luo, reader.users.luo]
  const row = { component: 'LUO', writes: describeLuo(from), reads: describeLuo(to) }
  if (from === null) return { ...row, outcome: 'ok', note: '' }
  if (to === null) {
    return {
      ...row,
      outcome: 'accepted-different',
      note: 'no LUO: sessions and files are lost, without a word',
    }
  }
  if (from.version !== to.version) return { ...row, outcome: 'oops', note: 'luo_restore_fail() panics' }
  if (to.flbs && !from.flbs) {
    return { ...row, outcome: 'oops', note: '"Unable to get FLB node [luo-flb]": luo_restore_fail() panics' }
  }
  return { ...row, outcome: 'ok', note: '' }
}

function describeLuo(luo: Kernel['users']['luo']): string {
  return luo === null ? 'none' : luo.version + (luo.flbs ? ', FLBs' : '')
}

function memfdRow(writer: Kernel, reader: ReadingKernel): CompatRow {
  const known = handlersOf(reader)
  const lost = writer.users.luo === null ? [] : handlersOf(writer).filter(version => !known.includes(version))
  const missed = lost.length > 0 && reader.users.luo !== null
  return {
    component: 'memfd',
    writes: handlersOf(writer).join(', ') || 'none',
    reads: known.join(', ') || 'none',
    outcome: missed ? 'error-reported' : 'ok',
    note: missed ? `no handler for ${lost.join(', ')}: opening the LUO device fails` : '',
  }
}

function metadataRow(writer: Kernel, reader: ReadingKernel): CompatRow {
  const say = ({ users }: Kernel) => (users.kexecMetadata ? 'yes' : 'none')
  return { component: 'kexec-metadata', writes: say(writer), reads: say(reader), outcome: 'ok', note: '' }
}

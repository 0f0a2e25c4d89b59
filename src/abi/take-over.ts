import type { KernelFile } from '../../formats/kernel-files/index.js'
import { handlersOf, kernelOf, type ReadingKernel, takesCompatible } from '../../formats/kernels/index.js'
import { hex } from '../../formats/memory/fault.js'
import { type CompatRow, trackerRow } from '../rules/compat.js'
import type { Offer, OfferedFeatures } from './offer.js'

/** Who is to take a state over: a release of the table, a kernel's file, or both at once. */
export interface Taker {
  name: string
  /** What the table knows of its release. */
  kernel: ReadingKernel
  /** The file itself, which decides over versions and names; null where there is only a release. */
  file: KernelFile | null
  /** Modules that will be loaded: what they know, the kernel knows. */
  modules: readonly KernelFile[]
}

/**
 * Component by component, whether a kernel takes over what is handed to it: by the strings that its file holds, or, for
 * a release, that it is known to have. A refusal of the root comes alone.
 */
export function takeOver(offer: Offer, taker: Taker): CompatRow[] {
  const machine = machineRow(offer, taker.file)
  if (machine !== null) return [machine]
  const root = rootRow(offer, taker)
  const tracker = trackerRow(kernelOf(offer.abi), taker.kernel)
  if (root.outcome === 'rejected' || tracker.outcome === 'rejected') return [root, tracker]
  return [
    root,
    tracker,
    ...luoRows(offer, taker),
    ...offer.handlers.map(name => handlerRow(name, offer, taker)),
    ...offer.features.map(features => featureRow(features, taker)),
    ...offer.flbs.map(name => flbRow(name, taker)),
    ...offer.children
      .filter(name => !LUO_NODES.includes(name))
      .map(name => nameRow('child', name, taker, 'nobody looks at it')),
    ...offer.unread.map(unreadRow),
  ]
}

/** Whether the state is that of another machine, or of pages of another size; null where it is not, or nobody knows. */
function machineRow({ machine, pageSize }: Offer, file: KernelFile | null): CompatRow | null {
  if (file === null) return null
  if (machine !== null && file.machine !== null && machine !== file.machine) {
    const note = 'another machine: kexec does not load this kernel there'
    return { component: 'machine', writes: machine, reads: file.machine, outcome: 'rejected', note }
  }
  if (pageSize === null || file.pageSize === null || pageSize === file.pageSize) return null
  const note = 'every page frame number and node of the map is read as another one'
  const [writes, reads] = [pageSize, file.pageSize].map(size => `${size / 1024} KiB`) as [string, string]
  return { component: 'page size', writes, reads, outcome: 'oops', note }
}

/** LUO has a row of its own. */
const LUO_NODES: readonly string[] = ['LUO']

function rootRow({ compatible }: Offer, { kernel, file }: Taker): CompatRow {
  const known = file?.kho ?? [kernel.reads.checksCompatible ? kernel.layout.compatible : 'not looked at']
  const row = { component: 'root compatible', writes: compatible, reads: known.join(', ') || 'none' }
  if (known.length === 0) return { ...row, outcome: 'rejected', note: 'this kernel has no KHO' }
  const same = file === null ? takesCompatible(kernel, compatible) : known.includes(compatible)
  const note = same ? '' : `"… is incompatible with '${known[0]}'": boots without KHO`
  return { ...row, outcome: same ? 'ok' : 'rejected', note }
}

/**
 * Feature flags, as posted: a reader may lack none that it must know. Of a kernel without such a list nothing tells that
 * it reads this form at all.
 */
function featureRow({ name, required }: OfferedFeatures, { file }: Taker): CompatRow {
  const component = `features of ${name}`
  const writes = `requires ${hex(required)}`
  const known = file?.sections.features.find(feature => feature.name === name)
  if (known === undefined) {
    const note = 'posted, not merged: the kernel lists no such features'
    return { component, writes, reads: 'none', outcome: 'oops', note }
  }
  const lacks = required & ~known.supported
  const row = { component, writes, reads: `supports ${hex(known.supported)}` }
  if (lacks === 0n) return { ...row, outcome: 'ok', note: 'posted, not merged' }
  return { ...row, outcome: 'oops', note: `posted, not merged: the kernel lacks ${hex(lacks)}` }
}

function luoRows({ luo, handlers, features }: Offer, { kernel, file }: Taker): CompatRow[] {
  // The features say it.
  if (luo === null || features.some(({ name }) => name === 'luo')) return []
  const own = kernel.users.luo?.version
  const listed = file?.sections.versions ?? []
  const known = listed.length > 0 ? listed.filter(isLuo) : (file?.luo ?? (own === undefined ? [] : [own]))
  const row = { component: 'LUO', writes: luo, reads: known.join(', ') || 'none' }
  if (file?.sections.features.some(({ name }) => name === 'luo') === true) {
    const note = 'posted, not merged: the kernel goes by feature flags, the state by a version'
    return [{ ...row, reads: 'feature flags', outcome: 'oops', note }]
  }
  if (known.length === 0) {
    const note = handlers.length > 0 ? 'this kernel has no LUO: sessions and files are lost' : 'not looked at'
    return [{ ...row, outcome: handlers.length > 0 ? 'accepted-different' : 'ok', note }]
  }
  const same = known.includes(luo)
  const note = same ? listedNote(listed) : 'luo_restore_fail() panics'
  return [{ ...row, outcome: same ? 'ok' : 'oops', note }]
}

/** A kernel that lists its versions says all of them. */
function isLuo(text: string): boolean {
  return text.startsWith('luo-v')
}

function listedNote(listed: readonly string[]): string {
  return listed.length === 0 ? '' : 'listed in .liveupdate_versions: posted, not merged'
}

function handlerRow(name: string, { luo }: Offer, taker: Taker): CompatRow {
  const listed = taker.file?.sections.versions ?? []
  const known = listed.length > 0 ? listsOrLoads(taker, listed, name) : knows(taker, name)
  const row = { component: 'file handler', writes: name, reads: known ? name : 'none' }
  if (known || luo === null) return { ...row, outcome: 'ok', note: known ? listedNote(listed) : '' }
  return { ...row, outcome: 'error-reported', note: 'no such handler: its session cannot be retrieved' }
}

/** Which objects a release has depends on its configuration: only its file tells. */
function flbRow(name: string, taker: Taker): CompatRow {
  if (taker.file !== null) return nameRow('FLB', name, taker, 'nobody asks for it')
  return { component: 'FLB', writes: name, reads: '?', outcome: 'ok', note: "only the kernel's file tells" }
}

function nameRow(component: string, name: string, taker: Taker, note: string): CompatRow {
  const known = knows(taker, name)
  const outcome = known ? 'ok' : 'accepted-different'
  return { component, writes: name, reads: known ? name : 'none', outcome, note: known ? '' : note }
}

function unreadRow(path: string): CompatRow {
  return {
    component: path,
    writes: 'not in the dump',
    reads: '',
    outcome: 'unknown',
    note: 'it may need more',
  }
}

/** A list says it all, save what modules bring. */
function listsOrLoads({ modules }: Taker, listed: readonly string[], name: string): boolean {
  return listed.includes(name) || modules.some(module => module.has(name))
}

/** Releases without a file are known by what the table says. FLBs of others than the kernel's own are not in it. */
function knows({ kernel, file, modules }: Taker, name: string): boolean {
  if (file !== null) return file.has(name) || modules.some(module => module.has(name))
  const { users } = kernel
  return (
    handlersOf(kernel).includes(name) ||
    (name === 'memblock' && users.memblock !== null) ||
    (name === 'kexec-metadata' && users.kexecMetadata) ||
    (name === 'kho_test' && users.khoTest !== null)
  )
}

import { kernelsWith, releases, releasesWith, since } from '../../../formats/kernels/index.js'
import type { Effect, Family, Rule } from '../rule.js'

/** What a family's file says of a rule; the family and the bugs behind it are added in the catalogue. */
export type RuleEntry = Omit<Rule, 'family' | 'bugs'>

/** Rules of one family. */
export function family(name: Family, entries: readonly RuleEntry[]): readonly Rule[] {
  return entries.map(entry => ({ family: name, ...entry }))
}

/** The kernels that rules speak of, in words that follow the table of kernels. */
export const WHO = {
  merged: since('6.16').text,
  chunks: releasesWith(({ layout }) => layout.tracker === 'chunk-list').text,
  trees: releasesWith(({ layout }) => layout.tracker === 'radix-tree').text,
  inline: kernelsWith(({ layout }) => layout.blobProperty === null).text,
  blobSize: releasesWith(({ layout }) => layout.blobSize).text,
  luo: releasesWith(({ users }) => users.luo !== null).text,
  luoFdt: releasesWith(({ users }) => users.luo?.form === 'fdt').text,
  luoStruct: releasesWith(({ users }) => users.luo?.form === 'struct').text,
  flbs: releasesWith(({ users }) => users.luo?.flbs === true).text,
  memfd1: releasesWith(({ users }) => users.memfd === 1).text,
  memfd2: releasesWith(({ users }) => users.memfd === 2).text,
  vmalloc: releasesWith(({ users }) => users.vmalloc).text,
  kexecMetadata: releasesWith(({ users }) => users.kexecMetadata).text,
  mapInPopulate: releasesWith(({ reads }) => reads?.mapChecked === 'populate').text,
  mapLater: releasesWith(({ reads }) => reads?.mapChecked === 'deserialize').text,
  intSize: releasesWith(({ reads }) => reads?.intSize === true).text,
  maxOrder: releasesWith(({ reads }) => reads?.maxOrder === true).text,
  restoresFdt: releasesWith(({ reads }) => reads?.restoresFdt === true).text,
} as const

/** Words for where rules apply. */
export const EVERY = 'every release and layout'
export const CHUNKS = `chunk lists: ${kernelsWith(({ layout }) => layout.tracker === 'chunk-list').text}`
export const RADIX = `radix trees: ${kernelsWith(({ layout }) => layout.tracker === 'radix-tree').text}`
export const MERGED = WHO.merged
export const LUO_ALL = `LUO: ${WHO.luo}`
export const LUO_BLOCKS = `LUO as struct (luo-v5): ${WHO.luoStruct}`
export const LUO_FDT_FORM = `LUO as FDT (luo-v1): ${WHO.luoFdt}`
export const MEMFD_ALL = `memfd-v1 (${WHO.memfd1}) and memfd-v2 (${WHO.memfd2})`
export const VMALLOC_ALL = WHO.vmalloc

/** Where KHO itself lies: kernel/ at first, kernel/liveupdate/ since LUO came. */
const PLACES = `kernel/kexec_handover.c (${releases('6.16', '6.18').text}), kernel/liveupdate/kexec_handover.c`

/** Words for where in the kernel things are. */
export const HANDOVER = `${PLACES} (${since('6.19').text})`
export const CHUNK_SOURCE = `kho_mem_deserialize(), deserialize_bitmap(): ${PLACES} (${releases('6.19', '7.0').text})`
export const RADIX_SOURCE = `kho_radix_walk_tree(), kho_radix_decode_key(): kernel/liveupdate/kexec_handover.c (${WHO.trees})`

/** A rule about bytes that the dump lacks: a note, never the state's fault. */
export function absent(id: string, what: string, applies: string, consequence: string): RuleEntry {
  return {
    id,
    severity: 'info',
    title: `${what} must be in the dump to be judged`,
    explanation: `${what} is named by what could be read, and the dump lacks its bytes: cut off, left out by a dump level, or outside of every range. ${consequence} This says nothing against the state. A dump with that memory in it, or --absent zero, gives a full verdict.`,
    applies,
    kernel: 'nothing: the machine has the memory, only the dump has not',
    source: 'no kernel code: this is about the dump',
    effect: 'none',
  }
}

/** An effect that only readers of LUO can have. */
export function whereLuo(effect: Effect): RuleEntry['effect'] {
  return kernel => (kernel.users.luo === null ? 'none' : effect)
}

/** An effect that only readers which restore vmalloc areas can have. */
export function whereVmalloc(effect: Effect): RuleEntry['effect'] {
  return kernel => (kernel.users.vmalloc ? effect : 'none')
}

/** An effect that only readers with a memfd handler can have. */
export function whereMemfd(effect: Effect): RuleEntry['effect'] {
  return kernel => (kernel.users.memfd === null || kernel.users.luo === null ? 'none' : effect)
}

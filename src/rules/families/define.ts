import type { Effect, Family, Rule } from '../rule.js'

/** What a family's file says of a rule; the family and the bugs behind it are added in the catalogue. */
export type RuleEntry = Omit<Rule, 'family' | 'bugs'>

/** Rules of one family. */
export function family(name: Family, entries: readonly RuleEntry[]): readonly Rule[] {
  return entries.map(entry => ({ family: name, ...entry }))
}

/** Words for where rules apply. */
export const EVERY = 'every release and layout'
export const CHUNKS = 'chunk lists: patch v5, 6.16 to 7.0'
export const RADIX = 'radix trees: kho-v2, 7.1, 7.2'
export const MERGED = '6.16 to 7.2'
export const LUO_ALL = 'LUO: 6.19 to 7.2'
export const LUO_BLOCKS = 'LUO as struct (luo-v5): 7.2'
export const LUO_FDT_FORM = 'LUO as FDT (luo-v1): 6.19 to 7.1'
export const MEMFD_ALL = 'memfd-v1 (6.19, 7.0) and memfd-v2 (7.1, 7.2)'
export const VMALLOC_ALL = '6.18 to 7.2'

/** Words for where in the kernel things are. */
export const HANDOVER =
  'kernel/kexec_handover.c (6.16 to 6.18), kernel/liveupdate/kexec_handover.c (6.19 to 7.2)'
export const CHUNK_SOURCE = `kho_mem_deserialize(), deserialize_bitmap(): ${HANDOVER.replace('7.2', '7.0')}`
export const RADIX_SOURCE =
  'kho_radix_walk_tree(), kho_radix_decode_key(): kernel/liveupdate/kexec_handover.c (7.1, 7.2)'

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

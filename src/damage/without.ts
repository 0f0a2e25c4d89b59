import type { Family, Rule } from '../rules/rule.js'

/** Why no damage of a state shows what a rule finds, by rule. */
const RULES: Readonly<Record<string, string>> = {
  'ROOT-FDT-INVALID': 'a root that is broken so is found no more: --root ADDR leads to it',
  'ROOT-NOT-FOUND': 'it is about an address that is given, and no state',
  'CHUNK-BITMAP-SIZE':
    'it is about a reader of another bitmap size: kho validate --reader 6.18 of a dump of 6.17',
  'TRACKER-STALE':
    'it is about the moment: a dump of a kernel that has booted shows it, with --root incoming',
  'READER-OOPS': 'it is what early boot comes to: --damage MAP-OUTSIDE-RAM and --ram show it',
  'READER-LOOP': 'it is what early boot comes to: --damage CHUNK-CYCLE shows it, of a chunk list',
  'READER-UNKNOWN': 'it is what early boot comes to: --damage RADIX-NODE-ABSENT shows it',
  'READER-ODD-RESERVATION': 'it is what early boot comes to: --damage RADIX-KEY and --ram show it',
  'READER-EXTEND': 'it takes a block larger than any memory, and a reader from 7.3 on',
  'READER-MAP-DIFFERS': 'it is about a reader that takes another layout for granted: --reader',
  'READER-CMDLINE': 'it is about a command line: --reader-cmdline kho=off',
  'MAP-ORDER-RESTORE':
    'it is about a reader with a largest order: a memfd of order 11 in a scenario, read by 6.19',
  'MEMBLOCK-CMDLINE': 'it is about a command line: --reader-cmdline without the reserve_mem=',
  'SCRATCH-GIGANTIC': 'it is about a command line: --reader-cmdline "hugepagesz=1G hugepages=9999"',
  'VMALLOC-RESTORE-STEP': 'it takes a run over a border of NUMA nodes: nodes in a scenario',
  'VMALLOC-CHUNK-FULL': 'it is about readers of the time when that was a bug: --reader 6.18',
  'MEMFD-SEALS-LOST': 'every memfd-v1 shows it: a dump of 6.19 or 7.0',
  'LUO-FLB-DATA': "it is about objects of LUO's own test, and kernels that have it",
  'LAYOUT-CUT': 'it takes structures that lead on and on: more than a damage can make',
  'DEBUGFS-CUT': 'a copy of debugfs has no memory to break',
}

/** The same, for all rules of a family that have none. */
const FAMILIES: Readonly<Partial<Record<Family, string>>> = {
  dump: 'it is about the dump, not about the state in it',
}

/** Why there is no damage for a rule that has none. */
export function whyNoDamage({ id, family }: Pick<Rule, 'id' | 'family'>): string | null {
  return RULES[id] ?? FAMILIES[family] ?? null
}

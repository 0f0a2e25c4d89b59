import { KhoError } from '../../formats/error.js'
import { didYouMean } from '../../formats/layout/nearest.js'
import { isOverwritten } from './checks/context.js'
import { BLOB_RULES } from './families/blob.js'
import { CHUNK_LIST_RULES } from './families/chunk-list.js'
import { DUMP_RULES } from './families/dump.js'
import { EARLY_BOOT_RULES } from './families/early-boot.js'
import { EARLY_TRACKER_RULES } from './families/early-trackers.js'
import { HANDOFF_RULES } from './families/handoff.js'
import { KEXEC_METADATA_RULES } from './families/kexec-metadata.js'
import { KHO_TEST_RULES } from './families/kho-test.js'
import { LAYOUT_RULES } from './families/layout.js'
import { LUO_RULES } from './families/luo.js'
import { LUO_FLB_RULES } from './families/luo-flbs.js'
import { MAP_RULES } from './families/map.js'
import { MEMBLOCK_RULES } from './families/memblock.js'
import { MEMFD_RULES } from './families/memfd.js'
import { PAGE_TABLE_RULES } from './families/page-table.js'
import { RADIX_TREE_RULES } from './families/radix-tree.js'
import { CHILD_RULES, ROOT_RULES } from './families/root.js'
import { SCRATCH_RULES } from './families/scratch.js'
import { SYSTEMD_RULES } from './families/systemd.js'
import { VMALLOC_RULES } from './families/vmalloc.js'
import type { Rule } from './rule.js'
import { bugsOf } from './upstream-bugs.js'

/** Every rule, in the order of the path that a reading kernel takes. Adding one is an entry in its family's file. */
export const RULES: readonly Rule[] = [
  ...DUMP_RULES,
  ...ROOT_RULES,
  ...HANDOFF_RULES,
  ...SCRATCH_RULES,
  ...EARLY_BOOT_RULES,
  ...CHUNK_LIST_RULES,
  ...RADIX_TREE_RULES,
  ...PAGE_TABLE_RULES,
  ...EARLY_TRACKER_RULES,
  ...MAP_RULES,
  ...CHILD_RULES,
  ...BLOB_RULES,
  ...MEMBLOCK_RULES,
  ...VMALLOC_RULES,
  ...LUO_RULES,
  ...LUO_FLB_RULES,
  ...MEMFD_RULES,
  ...SYSTEMD_RULES,
  ...KHO_TEST_RULES,
  ...KEXEC_METADATA_RULES,
  ...LAYOUT_RULES,
].map(rule => ({ ...unlessOverwritten(rule), bugs: bugsOf(rule.id) }))

/** A state whose map was read and freed is not looked at for what it says any more, only for how it was handed over. */
function unlessOverwritten(rule: Rule): Rule {
  const { check, family } = rule
  if (check === undefined || ['dump', 'root', 'handoff', 'scratch'].includes(family)) return rule
  return { ...rule, check: context => (isOverwritten(context.state) ? [] : check(context)) }
}

const BY_ID: ReadonlyMap<string, Rule> = new Map(RULES.map(rule => [rule.id, rule]))

/**
 * The rule of that id, in any case.
 *
 * @throws KhoError `usage` where there is none
 */
export function findRule(id: string): Rule {
  const rule = BY_ID.get(id.toUpperCase())
  if (rule === undefined) {
    throw new KhoError('usage', `no rule is called '${id}'`, {
      hint: didYouMean(id, [...BY_ID.keys()]) ?? '`kho rules` lists them',
    })
  }
  return rule
}

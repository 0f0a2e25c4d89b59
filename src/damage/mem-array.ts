import { type FdtNode, type FdtProperty, findProperty } from '../../formats/fdt/index.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { editRoot } from './fields.js'
import { cannotBreak } from './target.js'

interface MemProperty {
  node: FdtNode
  property: FdtProperty
}

/** Every `mem` property that has entries. */
function memsOf(target: DamageTarget): MemProperty[] {
  if (target.abi.tracker !== 'mem-array') throw cannotBreak('mem array')
  const found: MemProperty[] = []
  const visit = (node: FdtNode) => {
    const property = findProperty(node, 'mem')
    if (property !== null && property.value.length >= 16) found.push({ node, property })
    for (const child of node.children) visit(child)
  }
  visit(target.fdt().root)
  return found
}

/** Regions of reserve_mem are checked as such. */
const isPlain = ({ node }: MemProperty) => !node.path.startsWith('/reserve_mem')

/** Writes one u64 of one entry. */
function onWord(
  word: 0 | 1,
  change: (target: DamageTarget, old: number) => bigint,
): (target: DamageTarget) => string {
  return target => {
    const { node, property } = target.pick(memsOf(target).filter(isPlain), 'mem array')
    const entry = target.random.below(property.value.length / 16)
    const at = target.root + property.offset + entry * 16 + word * 8
    const value = change(target, target.u64(at))
    target.write64(at, value)
    return `${word === 0 ? 'start' : 'size'} of entry ${entry} of ${node.path} is 0x${value.toString(16)}`
  }
}

/** Ranges in the root FDT: mem4. */
export const memDamages: DamageTable = {
  'MEM-RANGE': { about: 'a range is longer than any memory', apply: onWord(1, () => 2n ** 60n) },
  'MEM-ADDRESS': {
    about: 'a range begins at an address that is none',
    apply: onWord(0, () => 2n ** 63n + 0x1000n),
  },
  'MEM-ALIGN': {
    about: 'a range begins inside a page',
    apply: onWord(0, (target, old) => BigInt(old + 8 * (1 + target.random.below(64)))),
  },
  'MEM-LENGTH': {
    about: 'a mem property is no array of 16-byte entries',
    apply(target) {
      const { node, property } = target.pick(memsOf(target).filter(isPlain), 'mem array')
      editRoot(target, editor =>
        editor.setProperty(node.path, 'mem', property.value.slice(0, property.value.length - 8)),
      )
      return `mem of ${node.path} lost eight bytes`
    },
  },
}

import fc from 'fast-check'
import type { FdtNodeSpec, FdtPropertySpec } from '../../../formats/fdt/index.js'

/** Which names a random tree has. */
export interface NameRules {
  node: fc.Arbitrary<string>
  property: fc.Arbitrary<string>
}

const unique = <T extends { name?: string }>(list: T[]): T[] => [
  ...new Map(list.map(item => [item.name, item])).values(),
]

const text = (alphabet: string, minLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength: 20 })
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCXYZ0123456789,._+-'

/** fast-check has `name` among the strings that it likes to try. */
const DTC_NAMES: ReadonlySet<string> = new Set(['name', 'phandle', 'linux,phandle'])

/** Names that the specification allows, but for those to which dtc itself gives a meaning. */
export const PLAIN_NAMES: NameRules = {
  node: fc
    .tuple(text(LETTERS, 1), fc.option(text(LETTERS, 1)))
    .map(([name, unit]) => (unit === null ? name : `${name}@${unit}`)),
  property: fc.oneof(
    fc.constantFrom('preserved-memory-map', 'fdt', 'blob-size', 'compatible', 'csum', 'mem', 'size'),
    text(`${LETTERS}*#?`, 1).filter(name => !DTC_NAMES.has(name)),
  ),
}

/** All that dtc's lexer takes. */
export const ODD_NAMES: NameRules = {
  node: text(`${LETTERS}*#?@`, 1),
  property: text(`${LETTERS}*#?@`, 1),
}

/** Bytes of any kind. */
const anyName = fc
  .uint8Array({ maxLength: 12 })
  .map(bytes => String.fromCharCode(...bytes.map(byte => byte || 1)))
export const ANY_NAMES: NameRules = { node: anyName, property: anyName }

const value = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ minLength: 8, maxLength: 8 }),
  fc.array(text(`${LETTERS} "\\/*;{}<>[]&`, 0), { maxLength: 3 }),
)

/** A tree of at most five levels, without the same name twice in a node. */
export function randomTree(rules: NameRules): fc.Arbitrary<FdtNodeSpec> {
  const properties = fc
    .array(fc.record({ name: rules.property, value }), { maxLength: 5 })
    .map(list => unique<FdtPropertySpec>(list))
  let node: fc.Arbitrary<FdtNodeSpec> = fc.record({ name: rules.node, properties })
  for (let level = 0; level < 4; level++) {
    const children = fc.array(node, { maxLength: 3 }).map(unique)
    node = fc.record({ name: rules.node, properties, children })
  }
  return node.map(root => ({ ...root, name: '' }))
}

export const randomReservations = fc.array(
  fc.record({
    address: fc.bigInt(0n, 2n ** 64n - 1n),
    size: fc.bigInt(1n, 2n ** 64n - 1n),
  }),
  { maxLength: 3 },
)

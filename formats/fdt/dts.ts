import { hex, quote } from './bytes.js'
import { NATIVE_U32_NAMES, NATIVE_U64_NAMES, printValue } from './dts-value.js'
import type { FdtNode, FdtTree } from './types.js'

/** What {@link printDts} takes for numbers in the byte order of a little-endian machine, by property name. */
export interface DtsOptions {
  /** Values of a multiple of 8 bytes: default {@link NATIVE_U64_NAMES}. */
  nativeU64?: ReadonlySet<string>
  /** Values of 4 bytes: default {@link NATIVE_U32_NAMES}. */
  nativeU32?: ReadonlySet<string>
}

/** The names that dtc's lexer takes (PROPNODECHAR in dtc-lexer.l). */
const WRITABLE = /^[0-9A-Za-z,._+*#?@-]+$/

/** What DTS cannot say: a boot CPU, a name dtc's lexer does not take, a property after a child. */
export interface DtsLoss {
  /** Where it is in the blob. */
  offset: number
  message: string
}

/**
 * Prints a tree as device tree source, which `dtc -I dts -O dtb` reads back to the same reserve map, nodes,
 * properties and bytes, in the same order. Values are printed as native numbers (their bytes,
 * with the numbers as a comment), strings, cells, or bytes, whichever is the first that fits.
 *
 * What DTS has no way to say is listed by {@link dtsLosses} and in comments at the top; names that cannot
 * be written then stand with `_xNN` for each byte that cannot. For names and values that dtc reads but
 * objects to (twice the same name, characters that are not allowed, a `phandle` of 0) use `dtc -f`. dtc
 * itself drops a property `name` that repeats its node's name, unless told `-W no-name_properties`.
 */
export function printDts(tree: FdtTree, options: DtsOptions = {}): string {
  const native = {
    u64: options.nativeU64 ?? NATIVE_U64_NAMES,
    u32: options.nativeU32 ?? NATIVE_U32_NAMES,
  }
  const lines = ['/dts-v1/;']
  for (const { offset, message } of dtsLosses(tree))
    lines.push(`/* not the same, at ${hex(offset)}: ${message} */`)
  lines.push('')
  for (const { address, size } of tree.reservations) {
    lines.push(`/memreserve/ 0x${address.toString(16)} 0x${size.toString(16)};`)
  }
  if (tree.reservations.length > 0) lines.push('')

  const waiting: { node: FdtNode | null; indent: string }[] = [{ node: tree.root, indent: '' }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { node, indent } = next
    if (!node) {
      lines.push(`${indent}};`)
      continue
    }
    lines.push(`${indent}${node === tree.root ? '/' : writable(node.name)} {`)
    for (const property of node.properties) {
      const { text, comment } = printValue(property, native)
      const note = comment ? ` /* ${comment} */` : ''
      lines.push(`${indent}\t${writable(property.name)}${text ? ` = ${text}` : ''};${note}`)
    }
    waiting.push({ node: null, indent })
    for (let at = node.children.length - 1; at >= 0; at--) {
      waiting.push({ node: node.children[at]!, indent: `${indent}\t` })
    }
  }
  return `${lines.join('\n')}\n`
}

/** What a tree has that DTS cannot say, in the order of the blob; empty for nearly every tree. */
export function dtsLosses(tree: FdtTree): DtsLoss[] {
  const losses: DtsLoss[] = []
  const { bootCpuidPhys } = tree.header
  if (bootCpuidPhys !== 0) {
    losses.push({ offset: 0x1c, message: `boot_cpuid_phys is ${hex(bootCpuidPhys)}, which dtc takes as -b` })
  }
  if (tree.root.name !== '') {
    losses.push({ offset: tree.root.offset, message: `the root node is named ${commented(tree.root.name)}` })
  }
  const waiting: FdtNode[] = [tree.root]
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const { name, offset, properties, children } = node
    if (node !== tree.root && !WRITABLE.test(name)) {
      losses.push({ offset, message: `a node is named ${commented(name)}, not ${writable(name)}` })
    }
    const first = children[0]?.offset ?? Number.POSITIVE_INFINITY
    for (const property of properties) {
      if (!WRITABLE.test(property.name)) {
        const message = `a property is named ${commented(property.name)}, not ${writable(property.name)}`
        losses.push({ offset: property.offset, message })
      }
      if (property.offset > first) {
        losses.push({ offset: property.offset, message: 'a property comes after a child node' })
      }
    }
    for (let at = children.length - 1; at >= 0; at--) waiting.push(children[at]!)
  }
  return losses
}

function writable(name: string): string {
  if (WRITABLE.test(name)) return name
  if (name === '') return '_x'
  return name.replace(/[^0-9A-Za-z,._+*#?@-]/g, char => {
    return `_x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}

/** A quoted name that cannot end the comment it stands in. */
function commented(name: string): string {
  return quote(name).replaceAll('*/', '*\\x2f')
}

import { hex, quote } from './bytes.js'
import type { ProblemList } from './errors.js'
import type { Section } from './reservations.js'
import type { FdtNode } from './types.js'

// The characters of Devicetree Specification 0.4, 2.2.1 and 2.2.4, which are also those of dtc's checks.
const NODE_NAME = /^[0-9A-Za-z,._+\-@]*$/
const PROPERTY_NAME = /^[0-9A-Za-z,._+*#?-]*$/

/** Warns of parts of the blob that share bytes. */
export function checkSections(sections: readonly Section[], problems: ProblemList): void {
  const inOrder = sections.filter(section => section.end > section.start).sort((a, b) => a.start - b.start)
  let last: Section | null = null
  for (const section of inOrder) {
    if (last && section.start < last.end) {
      const message = `the ${section.name} begins inside the ${last.name}, which ends at ${hex(last.end)}`
      problems.warning('OVERLAP', section.start, message)
    }
    if (!last || section.end > last.end) last = section
  }
}

/** Warns of names and values that libfdt reads, but that break the specification. */
export function checkContents(root: FdtNode, problems: ProblemList): void {
  const waiting: FdtNode[] = [root]
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node !== root) checkNodeName(node, problems)
    checkProperties(node, problems)
    const seen = new Set<string>()
    for (const child of node.children) {
      if (seen.has(child.name)) {
        problems.warning('DUPLICATE-NODE', child.offset, `a second node ${quote(child.name)} in one node`)
      }
      seen.add(child.name)
    }
    for (let at = node.children.length - 1; at >= 0; at--) waiting.push(node.children[at]!)
  }
}

function checkNodeName(node: FdtNode, problems: ProblemList): void {
  const { name, offset } = node
  if (name === '') problems.warning('NODE-NAME-EMPTY', offset, 'a node other than the root has no name')
  if (!NODE_NAME.test(name)) {
    problems.warning(
      'NODE-NAME-CHARS',
      offset,
      `the node name ${quote(name)} has characters that are not allowed`,
    )
  }
  if (name.indexOf('@') !== name.lastIndexOf('@')) {
    problems.warning('NODE-NAME-FORMAT', offset, `the node name ${quote(name)} has more than one "@"`)
  }
}

function checkProperties(node: FdtNode, problems: ProblemList): void {
  const seen = new Set<string>()
  for (const { name, value, offset } of node.properties) {
    if (name === '') problems.warning('PROPERTY-NAME-EMPTY', offset, 'a property has no name')
    if (!PROPERTY_NAME.test(name)) {
      const message = `the property name ${quote(name)} has characters that are not allowed`
      problems.warning('PROPERTY-NAME-CHARS', offset, message)
    }
    if (seen.has(name)) {
      problems.warning('DUPLICATE-PROPERTY', offset, `a second property ${quote(name)} in one node`)
    }
    seen.add(name)
    if (hasExtraNul(value)) {
      const message = `the text of property ${quote(name)} ends with two NULs`
      problems.warning('EXTRA-NUL', offset + value.length - 1, message)
    }
  }
}

/** Printable text and two NULs. Shorter than 5 bytes, a small little-endian number looks the same. */
function hasExtraNul(value: Uint8Array): boolean {
  const length = value.length - 2
  if (length < 3 || value[length] !== 0 || value[length + 1] !== 0) return false
  let last = 0
  for (let at = 0; at < length; at++) {
    const byte = value[at]!
    if (byte === 0 ? last === 0 : byte < 0x20 || byte > 0x7e) return false
    last = byte
  }
  return last !== 0
}

import { FDT_HEADER } from '../../formats/fdt/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { breakCompatible, childWithBlob, editRoot, endOfRam, propertyOf } from './fields.js'
import { cannotBreak } from './target.js'

function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}
/** More roots than a decoder looks at. */
const MANY = 17

function mapProperty(target: DamageTarget) {
  return propertyOf(target.fdt().root, 'preserved-memory-map')
}

/** The root FDT. */
export const rootDamages: DamageTable = {
  'ROOT-FDT-SIZE': {
    about: 'the root FDT says that it is two pages long',
    apply(target) {
      const size = target.geometry.pageSize * 2
      target.write(target.root + FDT_HEADER.totalsize, bigEndian(size))
      return `totalsize is ${size}`
    },
  },
  'ROOT-STRUCTURE': {
    about: 'a property of a child says that it has four bytes, and has eight',
    apply(target) {
      const { child } = childWithBlob(target)
      const { offset } = propertyOf(child, 'blob-size')
      // Behind the token come length and name, four bytes each.
      target.write(target.root + offset - 8, bigEndian(4))
      return `blob-size of ${child.path} has 4 bytes`
    },
  },
  'FDT-BROKEN': {
    about: 'the structure block of the root FDT ends early',
    apply(target) {
      const { header } = target.fdt()
      const at = target.root + header.offDtStruct + (header.sizeDtStruct ?? 8) - 8
      target.write(at, Uint8Array.of(0, 0, 0, 0x7f))
      return `the last token but one, at ${hex(at)}, is 0x7f`
    },
  },
  'FDT-ODD': {
    about: 'the root FDT says that it is of a newer version',
    apply(target) {
      const version = 18 + target.random.below(100)
      target.write(target.root + FDT_HEADER.version, Uint8Array.of(0, 0, 0, version))
      return `version is ${version}; readers of version 16 can read it`
    },
  },
  'ROOT-MANY': {
    about: `the root FDT lies in ${MANY} pages`,
    apply(target) {
      const bytes = target.read(target.root, target.fdt().header.totalsize).slice()
      const copies = Array.from({ length: MANY - 1 }, () => {
        const pages = target.allocate(Math.ceil(bytes.length / target.geometry.pageSize))
        pages.bytes.set(bytes)
        return pages.address
      })
      return `${copies.length} copies, the first at ${hex(copies[0]!)}`
    },
  },
  'ROOT-COMPATIBLE': {
    about: 'the root FDT is of a version that nobody knows',
    apply(target) {
      breakCompatible(target, target.root, target.fdt().root)
      return 'compatible ends in 9'
    },
  },
  'ROOT-MAP-ZERO': {
    about: 'the map pointer is 0',
    apply(target) {
      target.write64(target.root + mapProperty(target).offset, 0)
      return 'preserved-memory-map is 0'
    },
  },
  'ROOT-MAP-PROPERTY': {
    about: 'the map pointer has four bytes',
    apply(target) {
      const value = mapProperty(target).value.slice(0, 4)
      editRoot(target, editor => editor.setProperty('/', 'preserved-memory-map', value))
      return 'preserved-memory-map has 4 bytes'
    },
  },
  'BLOB-PROPERTY': {
    about: 'a child lacks the pointer to its blob, or its size',
    apply(target) {
      const { child, properties } = childWithBlob(target)
      const { name } = target.pick(properties, 'property')
      editRoot(target, editor => editor.deleteProperty(child.path, name))
      return `${child.path} has no ${name}`
    },
  },
  'BLOB-ADDRESS': {
    about: 'a child points to no RAM',
    apply(target) {
      const { child, pointer } = childWithBlob(target)
      const end = endOfRam(target)
      target.write64(target.root + pointer.offset, end + target.geometry.pageSize)
      return `${child.path} points behind the end of RAM`
    },
  },
  'BLOB-UNPRESERVED': {
    about: 'a blob lies in a page that is not preserved',
    apply(target) {
      const { child, pointer } = childWithBlob(target)
      const address = target.u64(target.root + pointer.offset)
      const fresh = target.allocate()
      fresh.bytes.set(target.read(address, target.geometry.pageSize))
      target.write64(target.root + pointer.offset, fresh.address)
      return `the blob of ${child.path} moved to ${hex(fresh.address)}`
    },
  },
  'ROOT-CHILD-DUPLICATE': {
    about: 'two children have the same name',
    apply(target) {
      const { children } = target.fdt().root
      const same = children.filter(child =>
        children.some(other => other !== child && other.name.length === child.name.length),
      )
      const child = same[0]
      const other = children.find(
        candidate => candidate !== child && candidate.name.length === child?.name.length,
      )
      if (child === undefined || other === undefined)
        throw cannotBreak('two children with names of one length')
      target.write(target.root + other.offset + 4, new TextEncoder().encode(child.name))
      return `${other.name} is called ${child.name} too`
    },
  },
}

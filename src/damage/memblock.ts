import { nativeU64Bytes, stringBytes } from '../../formats/fdt/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { blobOf, breakCompatible, editFdt, propertyOf } from './fields.js'

/** reserved_mem_table[] of mm/memblock.c. */
const MOST_REGIONS = 8

function memblockOf(target: DamageTarget) {
  const { address } = blobOf(target, 'memblock')
  const { root } = target.fdt(address, 'FDT of memblock')
  const edit = (change: Parameters<typeof editFdt>[3]) =>
    editFdt(target, address, target.geometry.pageSize, change)
  return { address, root, region: target.pick(root.children, 'region of reserve_mem'), edit }
}

function addRegion(edit: ReturnType<typeof memblockOf>['edit'], name: string): void {
  edit(editor => {
    editor.addSubnode('/', name)
    editor.setProperty(`/${name}`, 'size', nativeU64Bytes(0x10000n))
    editor.setProperty(`/${name}`, 'start', nativeU64Bytes(0x10000n))
    editor.setProperty(`/${name}`, 'compatible', stringBytes('reserve-mem-v1'))
  })
}

/** memblock's FDT. */
export const memblockDamages: DamageTable = {
  'MEMBLOCK-IN-SCRATCH': {
    about: 'a region lies in scratch',
    apply(target) {
      const { address, region } = memblockOf(target)
      const area = target.pick(target.machine.scratch, 'scratch area')
      target.write64(address + propertyOf(region, 'start').offset, area.address)
      return `start of ${region.name} is ${hex(area.address)}`
    },
  },
  'MEMBLOCK-COMPATIBLE': {
    about: 'a region is of another format',
    apply(target) {
      const { address, region } = memblockOf(target)
      breakCompatible(target, address, region)
      return `compatible of ${region.name} ends in 9`
    },
  },
  'MEMBLOCK-COUNT': {
    about: 'there are more regions than a kernel has room for',
    apply(target) {
      const { root, edit } = memblockOf(target)
      const missing = MOST_REGIONS + 1 - root.children.length
      for (let n = 0; n < missing; n++) addRegion(edit, `more${n}`)
      return `${missing} regions added`
    },
  },
  'MEMBLOCK-NAME': {
    about: 'a region has a name longer than 15 bytes',
    apply(target) {
      addRegion(memblockOf(target).edit, 'a-name-of-20-letters')
      return 'region a-name-of-20-letters added'
    },
  },
  'MEMBLOCK-REGION': {
    about: 'a region lacks its start or its size',
    apply(target) {
      const { region, edit } = memblockOf(target)
      const name = target.pick(['start', 'size'], 'property')
      edit(editor => editor.deleteProperty(region.path, name))
      return `${region.name} has no ${name}`
    },
  },
  'MEMBLOCK-UNALIGNED': {
    about: 'a region is not made of pages',
    apply(target) {
      const { address, region } = memblockOf(target)
      const property = propertyOf(region, target.pick(['start', 'size'], 'property'))
      const value = target.u64(address + property.offset) + target.geometry.pageSize / 2
      target.write64(address + property.offset, value)
      return `${property.name} of ${region.name} is ${hex(value)}`
    },
  },
}

import type { Blob, Luo, LuoFile, LuoSession, Memfd, Vmalloc } from '../../../formats/blobs/index.js'
import { readFdt } from '../../../formats/fdt/index.js'
import { SCRATCH_ENTRY } from '../../../formats/handoff/scratch.js'
import {
  KEXEC_METADATA,
  KHO_BLOCK_HEADER,
  KHO_VMALLOC,
  KHO_VMALLOC_CHUNK,
  KHOSER_MEM_BITMAP_PTR,
  KHOSER_MEM_CHUNK,
  LUO_FILE_SER,
  LUO_FLB_HEADER_SER,
  LUO_FLB_SER,
  LUO_SER,
  LUO_SESSION_HEADER_SER,
  LUO_SESSION_SER,
  MEMFD_LUO_FOLIO_SER,
  MEMFD_LUO_SER_V1,
  MEMFD_LUO_SER_V2,
} from '../../../formats/layout/index.js'
import { KHO_SCRATCH } from '../../../formats/layout/kho-mem.js'
import type { TrackerNode } from '../../../formats/trackers/tracker.js'
import type { DamageTarget } from '../../damage/damage.js'
import { fdtBytesAt } from '../../damage/fields.js'
import { fdtFields, type GridField, structFields, wordField } from './field.js'

/** Every field that a reader looks at, of one instance of each structure in a state. */
export function stateFields(target: DamageTarget): GridField[] {
  return [
    ...rootFields(target),
    ...scratchFields(target),
    ...trackerFields(target),
    ...target.blobs().flatMap(blob => blobFields(target, blob)),
  ]
}

function rootFields(target: DamageTarget): GridField[] {
  // Of a child that only initcalls look for, values are read then; lengths and names whenever its neighbours are looked for.
  return fdtFields('root', target.fdt(), target.root, 'boot', true).map(field => {
    const [, child] = /^root\/([^:.]+):[^.]*$/.exec(field.id) ?? []
    return child === undefined || child === 'memblock' ? field : { ...field, stage: 'init' }
  })
}

function scratchFields({ machine: { scratchArray } }: DamageTarget): GridField[] {
  if (scratchArray === null) return []
  return Array.from({ length: scratchArray.size / SCRATCH_ENTRY }, (_, n) =>
    structFields(`scratch/${n}`, KHO_SCRATCH, scratchArray.address + n * SCRATCH_ENTRY, 'boot'),
  ).flat()
}

/** A slot in use and an empty one of a table on each level; a word of a leaf. Chunks with their entries. */
function trackerFields(target: DamageTarget): GridField[] {
  const { nodes } = target.tracker().decode
  const kinds = new Set<string>()
  const fields: GridField[] = []
  for (const node of nodes) {
    const kind = `${node.kind}${node.level ?? ''}`
    if (kinds.has(kind)) continue
    kinds.add(kind)
    fields.push(...nodeFields(target, node, `map/${kind}`))
  }
  return fields
}

function nodeFields(target: DamageTarget, node: TrackerNode, id: string): GridField[] {
  const { address, size } = node
  const words = Array.from({ length: size / 8 }, (_, n) => address + n * 8)
  const used = words.find(at => target.u64(at) !== 0) ?? address
  const empty = words.find(at => target.u64(at) === 0) ?? address
  switch (node.kind) {
    case 'chunk':
      return [
        ...structFields(id, KHOSER_MEM_CHUNK, address, 'boot'),
        ...structFields(`${id}/0`, KHOSER_MEM_BITMAP_PTR, address + KHOSER_MEM_CHUNK.size, 'boot'),
      ]
    case 'bitmap':
    case 'leaf':
      return [wordField(`${id}.used`, used, 'bits', 'boot'), wordField(`${id}.empty`, empty, 'bits', 'boot')]
    default:
      return [
        wordField(`${id}.used`, used, 'address', 'boot'),
        wordField(`${id}.empty`, empty, 'address', 'boot'),
      ]
  }
}

function blobFields(target: DamageTarget, blob: Blob): GridField[] {
  const { address, value, name } = blob
  if (address === null || value === null) return []
  const fdt = () => readFdt(fdtBytesAt(target, address)).tree
  const ofFdt = () => {
    const tree = fdt()
    return tree === null ? [] : fdtFields(name, tree, address, name === 'memblock' ? 'boot' : 'init', false)
  }
  switch (value.kind) {
    case 'kexec-metadata':
      return structFields(name, KEXEC_METADATA, address, 'init')
    case 'luo':
      return [
        ...(value.form === 'struct' ? structFields(name, LUO_SER, address, 'init') : ofFdt()),
        ...luoFields(target, value),
      ]
    case 'kho-test':
      return [...ofFdt(), ...khoTestFields(target, value.vmalloc)]
    default:
      return ofFdt()
  }
}

/** The list of folios, and the descriptor of the area that it is in. */
function khoTestFields(target: DamageTarget, vmalloc: Vmalloc | null): GridField[] {
  if (vmalloc === null) return []
  const list = vmalloc.runs[0]!
  return [
    ...vmallocFields('kho_test/vmalloc', target, vmalloc, 'init'),
    wordField('kho_test/folios/0', list, 'address', 'init'),
  ]
}

function vmallocFields(
  id: string,
  target: DamageTarget,
  area: Vmalloc,
  stage: GridField['stage'],
): GridField[] {
  const { extent, chunks, runs } = area
  const descriptor = extent === null ? [] : structFields(id, KHO_VMALLOC, extent.start, stage)
  const [chunk] = chunks
  if (chunk === undefined) return descriptor
  const entry = (n: number) => chunk + KHO_VMALLOC_CHUNK.size + n * 8
  const last = Math.min(runs.length, target.geometry.pageSize / 8 - 2)
  return [
    ...descriptor,
    ...structFields(`${id}/chunk`, KHO_VMALLOC_CHUNK, chunk, stage),
    wordField(`${id}/chunk.first`, entry(0), 'address', stage),
    wordField(`${id}/chunk.behind`, entry(last), 'address', stage),
  ]
}

function luoFields(target: DamageTarget, luo: Luo): GridField[] {
  const session = luo.sessions[0]
  return [
    // Chains of sessions are walked as LUO starts, those of files when a session is taken back.
    ...luo.blocks
      .slice(0, 1)
      .flatMap(({ extent }) => structFields('LUO/sessions/block', KHO_BLOCK_HEADER, extent.start, 'init')),
    ...(session?.blocks ?? [])
      .slice(0, 1)
      .flatMap(({ extent }) => structFields('LUO/files/block', KHO_BLOCK_HEADER, extent.start, 'use')),
    ...(luo.sessionArray === null
      ? []
      : structFields('LUO/sessions/array', LUO_SESSION_HEADER_SER, luo.sessionArray.start, 'use')),
    ...(session === undefined ? [] : sessionFields(target, session)),
    ...flbFields(luo),
  ]
}

function flbFields({ flbs }: Luo): GridField[] {
  if (flbs === null) return []
  const [first] = flbs.entries
  return [
    ...structFields('LUO/flbs', LUO_FLB_HEADER_SER, flbs.extent.start, 'init'),
    ...(first === undefined ? [] : structFields('LUO/flbs/0', LUO_FLB_SER, first.extent.start, 'init')),
  ]
}

function sessionFields(target: DamageTarget, session: LuoSession): GridField[] {
  const file = session.files[0]
  return [
    ...structFields('LUO/sessions/0', LUO_SESSION_SER, session.extent.start, 'use'),
    ...(file === undefined ? [] : fileFields(target, file)),
  ]
}

function fileFields(target: DamageTarget, { extent, memfd }: LuoFile): GridField[] {
  return [
    ...structFields('LUO/files/0', LUO_FILE_SER, extent.start, 'use', { data: 'address' }),
    ...(memfd === null ? [] : memfdFields(target, memfd)),
  ]
}

function memfdFields(target: DamageTarget, { version, extent, vmalloc, nrFolios }: Memfd): GridField[] {
  const layout = version === 1 ? MEMFD_LUO_SER_V1 : MEMFD_LUO_SER_V2
  const own = structFields(
    'memfd',
    { fields: layout.fields.filter(({ name }) => name !== 'folios') },
    extent.start,
    'use',
  )
  if (vmalloc === null) return own
  const last = (nrFolios ?? 1) - 1
  const folio = (n: number) => vmalloc.runs[0]! + n * MEMFD_LUO_FOLIO_SER.size
  return [
    ...own,
    ...vmallocFields('memfd/folios', target, vmalloc, 'use'),
    ...structFields('memfd/folios/0', MEMFD_LUO_FOLIO_SER, folio(0), 'use', { word: 'bits' }),
    ...structFields('memfd/folios/last', MEMFD_LUO_FOLIO_SER, folio(last), 'use', { word: 'count' }),
  ]
}

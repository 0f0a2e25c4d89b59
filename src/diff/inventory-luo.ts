import type { Luo, LuoFile, LuoFlb, LuoSession, Memfd } from '../../formats/blobs/index.js'
import { appendPath } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import type { KhoState } from '../image/state.js'
import { folioListOf } from '../owners/folio-list.js'
import { memfdPart } from '../owners/memfd-part.js'
import { createItem, elementPaths, field, type Item } from './item.js'

/** LUO's own pages, its objects, its sessions and their files. `item` is the blob. */
export function luoItems(state: KhoState, luo: Luo, item: Item): Item[] {
  const own: Item = {
    ...item,
    text: `LUO (${luo.compatible})`,
    fields: [
      ...item.fields,
      field('liveupdateNumber', luo.liveupdateNumber),
      field('sessionsAddress', addressText(luo.sessionsAddress), 'address'),
      field('flbsAddress', addressText(luo.flbsAddress), 'address'),
    ],
  }
  return [
    own,
    ...flbItems(luo.flbs?.entries ?? [], item.path),
    ...luo.sessions.flatMap(session => sessionItems(state, session, item.path)),
  ]
}

function addressText(address: number | null): string | null {
  return address === null ? null : hex(address)
}

function flbItems(entries: readonly LuoFlb[], parent: string): Item[] {
  // Objects have names, but their paths are numbers.
  const keys = elementPaths(
    appendPath(parent, 'flbs'),
    entries.map(entry => entry.name),
  )
  return entries.map((entry, n) =>
    createItem('flb', entry.path, 'FLB object', {
      key: keys[n]!,
      parent,
      fields: [field('name', entry.name, 'version'), handleField(entry.data), field('count', entry.count)],
    }),
  )
}

/** A handle that leads to preserved memory is compared as memory; where it points is no meaning of its own. */
function handleField(data: bigint): Item['fields'][number] {
  return field('data', hex(data), data < ADDRESS_LIMIT ? 'address' : 'content-changed')
}

function sessionItems(state: KhoState, session: LuoSession, parent: string): Item[] {
  const { path, files } = session
  const text = `session of ${files.length} ${files.length === 1 ? 'file' : 'files'}`
  return [createItem('session', path, text, { parent }), ...files.map(file => fileItem(state, file, path))]
}

function fileItem(state: KhoState, file: LuoFile, parent: string): Item {
  const { path, compatible, memfd, data } = file
  const format = field('compatible', compatible, 'version')
  if (memfd === null)
    return createItem('file', path, compatible, { parent, fields: [format, handleField(data)] })
  return createItem('file', path, compatible, {
    parent,
    fields: [
      format,
      field('position', memfd.position),
      field('seals', memfd.seals, 'flags'),
      field('flags', memfd.flags, 'flags'),
      field('data', hex(data), 'address'),
    ],
    size: memfd.size,
    content: memfd.size === null ? null : (memfdPart(state, memfd, path).content?.() ?? null),
    folioFlags: () => flagsOf(state, memfd),
  })
}

function flagsOf(state: KhoState, memfd: Memfd) {
  const { index, flags } = folioListOf(state, memfd).folios
  return { index, flags }
}

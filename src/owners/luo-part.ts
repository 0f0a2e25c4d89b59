import type { KhoBlock, Luo, LuoFile, LuoFlb, LuoSession } from '../../formats/blobs/index.js'
import {
  appendPath,
  elementSegments,
  KHO_BLOCK_HEADER,
  LUO_FILE_SER,
  LUO_FLB_HEADER_SER,
  LUO_FLB_SER,
  LUO_SER,
  LUO_SESSION_HEADER_SER,
  LUO_SESSION_SER,
  type Struct,
} from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { type Range, rangeSize } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { blockFinder } from './block-finder.js'
import { fdtPart } from './fdt-part.js'
import { memfdPart } from './memfd-part.js'
import { bytesPart, listPart, type Part, type Piece, structPart } from './part.js'
import { readTreeAt } from './read-tree.js'

/** A record of a list: where it lies, and its path. */
interface Record {
  extent: Range
  path: string
}

/** LUO's state. `path` is how it was named: `luo` or `blobs/LUO`. */
export function luoPart(state: KhoState, luo: Luo, path: string): Partial<Part> {
  const fields = {
    blocks: () => blocksPart(luo.blocks, 'luo', luo.sessions, LUO_SESSION_SER),
    sessions: () => sessionsPart(state, luo),
    ...(luo.flbs === null ? {} : { flbs: () => flbsPart(state, luo) }),
  }
  const { start: address } = luo.extent
  if (luo.form === 'fdt') {
    const tree = readTreeAt(state, address, rangeSize(luo.extent))
    const part = tree && fdtPart(tree, address, path)
    return { fields, ...(part?.pieces && { pieces: part.pieces }), ...(part?.value && { value: part.value }) }
  }
  const own = structPart(path, 'LUO', address, LUO_SER, {
    liveupdateNumber: 'liveupdateNum',
    sessionsAddress: 'sessionsPa',
    flbsAddress: 'flbsPa',
  })
  return { fields: { ...own.fields, ...fields }, ...(own.pieces && { pieces: own.pieces }) }
}

/** Blocks of a chain; the entries of each are those of `records` that lie in it. */
function blocksPart(
  blocks: readonly KhoBlock[],
  owner: string,
  records: readonly Record[],
  struct: Struct,
): Part {
  return listPart(appendPath(owner, 'blocks'), 'list of blocks', {
    length: blocks.length,
    key: n => hex(blocks[n]!.extent.start),
    at: n => {
      const { path, extent } = blocks[n]!
      const own = structPart(path, 'block', extent.start, KHO_BLOCK_HEADER)
      const pieces = () => [...own.pieces!(), ...recordPieces(records, struct, extent)]
      return { ...own, extents: [extent], pieces }
    },
  })
}

/** Records lie in their list in ascending order, page by page. */
function* recordPieces(records: readonly Record[], struct: Struct, within: Range): Generator<Piece> {
  for (const { extent, path } of records) {
    if (extent.start < within.start || extent.start >= within.end) continue
    yield { kind: 'struct', address: extent.start, struct, path }
  }
}

function sessionsPart(state: KhoState, luo: Luo): Part {
  const { sessions, sessionArray } = luo
  const list = listPart('luo/sessions', 'list of sessions', {
    length: sessions.length,
    key: n => sessions[n]!.name,
    at: n => sessionPart(state, sessions[n]!),
  })
  if (sessionArray === null) return list
  const { start: address } = sessionArray
  const header = structPart('luo/sessions', 'array of sessions', address, LUO_SESSION_HEADER_SER)
  const pieces = () => [...header.pieces!(), ...recordPieces(sessions, LUO_SESSION_SER, sessionArray)]
  return { ...list, extents: [sessionArray], pieces }
}

function sessionPart(state: KhoState, session: LuoSession): Part {
  const { path, extent, blocks, files, fileArray } = session
  const own = structPart(path, 'session', extent.start, LUO_SESSION_SER, {
    filesAddress: 'fileSetSer.files',
    fileCount: 'fileSetSer.count',
  })
  const list = (): Part => {
    const part = listPart(appendPath(path, 'files'), 'list of files', {
      length: files.length,
      key: n => files[n]!.token.toString(),
      at: n => filePart(state, files[n]!),
    })
    if (fileArray === null) return part
    return { ...part, extents: [fileArray], pieces: () => recordPieces(files, LUO_FILE_SER, fileArray) }
  }
  const chain = () => blocksPart(blocks, path, files, LUO_FILE_SER)
  return { ...own, fields: { ...own.fields, blocks: chain, files: list } }
}

/** A file's own bytes are those of its record; its content is what its handler handed over, where that is known. */
function filePart(state: KhoState, file: LuoFile): Part {
  const { path, extent, memfd, compatible } = file
  const own = structPart(path, `file (${compatible})`, extent.start, LUO_FILE_SER)
  if (memfd === null) return withHandle(state, own, file)
  const inner = memfdPart(state, memfd, path)
  return {
    ...own,
    value: inner.value!,
    content: inner.content!,
    fields: { ...own.fields, memfd: () => inner },
    through: ['memfd'],
  }
}

function flbsPart(state: KhoState, luo: Luo): Part {
  const { path, extent, entries } = luo.flbs!
  const segments = elementSegments(entries.map(() => null))
  const own = structPart(path, 'FLB page', extent.start, LUO_FLB_HEADER_SER)
  return {
    ...own,
    extents: [extent],
    pieces: () => [...own.pieces!(), ...recordPieces(entries, LUO_FLB_SER, extent)],
    list: {
      length: entries.length,
      key: () => null,
      at: n => {
        const entry = entries[n] as LuoFlb
        const flb = appendPath(path, segments[n]!)
        return withHandle(state, structPart(flb, 'FLB object', entry.extent.start, LUO_FLB_SER), entry)
      },
    },
  }
}

/** Where an opaque handle is the address of a preserved block, `data` is that block. */
function withHandle(state: KhoState, part: Part, { data }: { data: bigint }): Part {
  const address = Number(data)
  const known = address !== 0 && address < ADDRESS_LIMIT
  const order = known ? blockFinder(state.tracker.decode.pages)(address) : -1
  if (order < 0) return part
  const size = state.geometry.pageSize * 2 ** order
  const block = () => bytesPart(appendPath(part.path, 'data'), 'what the handle leads to', address, size)
  return { ...part, fields: { ...part.fields, data: block } }
}

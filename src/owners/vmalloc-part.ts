import type { Vmalloc } from '../../formats/blobs/index.js'
import { chunkEntries } from '../../formats/blobs/index.js'
import { appendPath, KHO_VMALLOC, KHO_VMALLOC_CHUNK } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { rangeAt } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { type Content, type ContentPiece, listPart, type Part, type Piece, structPart } from './part.js'

/** What the pages of an area hold: the piece for one run, whose place in the area is given in bytes. */
export type RunPiece = (address: number, size: number, offset: number) => Piece | null

/** A preserved vmalloc area. Its own bytes are the descriptor's; its content is that of its pages. */
export function vmallocPart(
  state: KhoState,
  vmalloc: Vmalloc,
  path: string,
  runPiece: RunPiece = () => null,
): Part {
  const { extent } = vmalloc
  const descriptor = extent && structPart(path, 'vmalloc area', extent.start, KHO_VMALLOC)
  return {
    path,
    what: 'vmalloc area',
    extents: extent === null ? [] : [extent],
    ...(descriptor?.pieces && { pieces: descriptor.pieces }),
    value: { kind: 'vmalloc', vmalloc },
    content: () => vmallocContent(state, vmalloc),
    fields: {
      ...descriptor?.fields,
      chunks: () => chunksPart(state, vmalloc, path),
      runs: () => runsPart(state, vmalloc, path, runPiece),
    },
  }
}

function chunksPart(state: KhoState, vmalloc: Vmalloc, path: string): Part {
  const { pageSize } = state.geometry
  const { chunks } = vmalloc
  return listPart(appendPath(path, 'chunks'), 'list of chunks', {
    length: chunks.length,
    key: n => hex(chunks[n]!),
    at: n => {
      const address = chunks[n]!
      const chunk = appendPath(path, 'chunks', hex(address))
      const pieces = (): Piece[] => [
        { kind: 'struct', address, struct: KHO_VMALLOC_CHUNK, path: chunk },
        {
          kind: 'words',
          address: address + KHO_VMALLOC_CHUNK.size,
          count: chunkEntries(pageSize),
          name: 'phys',
          meaning: value => (value === 0n ? 'none' : `run of order ${vmalloc.order} at ${hex(value)}`),
        },
      ]
      return { path: chunk, what: 'vmalloc chunk', extents: [rangeAt(address, pageSize)], pieces }
    },
  })
}

function runsPart(state: KhoState, vmalloc: Vmalloc, path: string, runPiece: RunPiece): Part {
  const size = state.geometry.pageSize * 2 ** vmalloc.order
  const { runs } = vmalloc
  return listPart(appendPath(path, 'runs'), 'list of runs', {
    length: runs.length,
    key: () => null,
    at: n => {
      const address = runs[n] as number
      const piece = () => runPiece(address, size, n * size)
      return {
        path: appendPath(path, 'runs', n),
        what: 'run of pages',
        extents: address === 0 ? [] : [rangeAt(address, size)],
        pieces: () => [piece()].filter(found => found !== null),
      }
    },
  })
}

/** The pages of an area, in the order of the mapping. */
function vmallocContent(state: KhoState, vmalloc: Vmalloc): Content {
  const { pageSize } = state.geometry
  const { runs, order, totalPages, complete } = vmalloc
  const runBytes = pageSize * 2 ** order
  return {
    size: totalPages * pageSize,
    incomplete: complete ? null : `its chunks name ${runs.length * 2 ** order} of ${totalPages} pages`,
    *pieces(): Generator<ContentPiece> {
      const end = totalPages * pageSize
      for (let n = 0; n < runs.length && n * runBytes < end; n++) {
        const address = runs[n] === 0 ? null : (runs[n] as number)
        yield { offset: n * runBytes, length: Math.min(runBytes, end - n * runBytes), address }
      }
      const named = runs.length * runBytes
      if (named < end) yield { offset: named, length: end - named, address: null }
    },
  }
}

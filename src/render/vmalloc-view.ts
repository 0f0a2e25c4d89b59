import type { Vmalloc } from '../../formats/blobs/index.js'
import { hex } from '../../formats/memory/fault.js'
import { address, count, flag, type ListView, list, type RecordView, record } from './view.js'

/** A preserved vmalloc area: its descriptor, its chain of chunk pages, and the runs of pages they name. */
export function vmallocView(vmalloc: Vmalloc): RecordView {
  return record({
    address: address(vmalloc.extent?.start ?? null),
    first: address(vmalloc.first),
    totalPages: count(vmalloc.totalPages),
    flags: count(vmalloc.flags),
    order: count(vmalloc.order),
    complete: flag(vmalloc.complete),
    chunks: list(vmalloc.chunks, chunk => address(chunk), hex),
    runs: numbersView(vmalloc.runs),
  })
}

/** Addresses that are kept as a typed array; 0 stands for an entry that is none. */
function numbersView(values: Float64Array): ListView {
  return {
    kind: 'list',
    length: values.length,
    key: () => null,
    at: index => address(values[index] === 0 ? null : (values[index] as number)),
  }
}

// Trackers and blobs on their own: a page set into the tree of an ABI, and back by the tracker's decoder.
import {
  abiOf,
  addBlock,
  blocksAt,
  createMemoryBuilder,
  createPageSet,
  geometry,
  writeState,
} from 'kho-tools'
import { trackers } from 'kho-tools/formats'

const shape = geometry(12)
const builder = createMemoryBuilder({ geometry: shape, ram: [{ start: 0x100000, end: 0x10000000 }] })
const set = createPageSet(12)
addBlock(set, 0x8000000, 9)
const { tracker } = writeState(builder, { abi: abiOf('kho-v4'), pages: set, children: [] })
const decoded = trackers.trackerOf('radix-tree').decode(builder.memory(), tracker, { geometry: shape })
console.log(blocksAt(decoded.pages, 0x8000000), decoded.faults.length)

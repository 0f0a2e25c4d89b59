import {
  encodeLuo,
  encodeMemfd,
  type FileSpec,
  type LuoSpec,
  type MemfdSpec,
  type PageAllocator,
} from '../../../formats/blobs/index.js'
import { writeElf } from '../../../formats/dumps/index.js'
import { createFdtWriter, nativeU64Bytes, stringBytes } from '../../../formats/fdt/index.js'
import { encoderOf } from '../../../formats/kernels/index.js'
import { type Geometry, geometry, type PageShift } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder, type MemoryBuilder } from '../../../formats/memory/memory-builder.js'
import { radixEncoder } from '../../../formats/trackers/radix-tree/encode.js'
import type { TrackerWriter } from '../../../formats/trackers/writer.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import { openBytes } from '../../../src/node/open.js'

/** A blob that the root FDT is to name. */
export interface MadeBlob {
  name: string
  address: number
  size: number
}

/** A kho-v4 machine under construction. */
export interface Machine extends PageAllocator {
  readonly geometry: Geometry
  readonly builder: MemoryBuilder
  readonly tracker: TrackerWriter
  /** Preserves without allocating: bytes that the image lacks. */
  preserve(address: number, order?: number): void
  addBlob(blob: MadeBlob): void
  /** A memfd whose folios lie from `first` on, one page each, with a byte of their own in each; contents included. */
  memfd(token: bigint, contents: Uint8Array): FileSpec
  /** A memfd as its list of folios says; their pages are the caller's. */
  listed(token: bigint, spec: Partial<MemfdSpec> & Pick<MemfdSpec, 'folios'>): FileSpec
  addLuo(spec: Partial<LuoSpec>): void
  /** The image as an ELF core. */
  image(): Uint8Array
  state(): Promise<KhoState>
}

/** What is allocated is preserved, as the kernel does it for structures: one block for each allocation. */
export function machine(pageShift: PageShift = 12, ramEnd = 2 ** 31): Machine {
  const geo = geometry(pageShift)
  const { pageSize } = geo
  const builder = createMemoryBuilder({ geometry: geo, ram: [{ start: 0, end: ramEnd }], seed: 1 })
  const tracker = radixEncoder.createWriter(builder, { geometry: geo })
  const blobs: MadeBlob[] = []
  let finished: Uint8Array | undefined
  const self: Machine = {
    geometry: geo,
    builder,
    tracker,
    allocate(pages) {
      const made = builder.allocate(pages)
      tracker.preserve(made.address, Math.ceil(Math.log2(pages)))
      return made
    },
    preserve(address, order = 0) {
      builder.reserve(address, address + pageSize * 2 ** order)
      tracker.preserve(address, order)
    },
    addBlob: blob => blobs.push(blob),
    memfd(token, contents) {
      const pages = Math.ceil(contents.length / pageSize)
      const pfn = Array.from({ length: pages }, (_, n) => {
        const page = self.allocate(1)
        page.bytes.set(contents.subarray(n * pageSize, (n + 1) * pageSize))
        return page.address / pageSize
      })
      return self.listed(token, { size: contents.length, folios: { pfn, index: pfn.map((_, n) => n) } })
    },
    listed(token, spec) {
      const size = spec.folios.pfn.length * pageSize
      const { address } = encodeMemfd(self, geo, { version: 2, position: 0, size, seals: 0, ...spec })
      return { compatible: 'memfd-v2', data: BigInt(address), token }
    },
    addLuo(spec) {
      const whole: LuoSpec = { form: 'struct', liveupdateNumber: 1n, sessions: [], flbs: [], ...spec }
      self.addBlob({ name: 'LUO', ...encodeLuo(self, geo, whole) })
    },
    image() {
      finished ??= finish()
      return finished
    },
    state: async () => loadState(await openBytes(self.image())),
  }

  function finish(): Uint8Array {
    const fdt = self.allocate(1)
    const root = tracker.finish()
    const writer = createFdtWriter(pageSize)
    writer.beginNode('')
    writer.property('compatible', stringBytes('kho-v4'))
    for (const { name, value } of encoderOf('kho-v4').attach(root).properties)
      writer.property(name, value as Uint8Array)
    for (const { name, address, size } of blobs) {
      writer.beginNode(name)
      writer.property('blob-size', nativeU64Bytes(BigInt(size)))
      writer.property('preserved-data', nativeU64Bytes(BigInt(address)))
      writer.endNode()
    }
    writer.endNode()
    fdt.bytes.set(writer.finish())
    const segments = builder.segments().map(({ phys, bytes }) => ({ phys, content: bytes }))
    const ram = { phys: ramEnd - pageSize, content: new Uint8Array(0), memsz: pageSize }
    const chunks: Uint8Array[] = []
    writeElf([...segments, ram], {}, bytes => {
      chunks.push(bytes.slice())
    })
    return Buffer.concat(chunks)
  }
  return self
}

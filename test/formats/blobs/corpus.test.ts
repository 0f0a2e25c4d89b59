import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decompress } from 'fzstd'
import { expect, it } from 'vitest'
import {
  type Blob,
  checkKhoTestSum,
  decodeBlob,
  type KhoTest,
  type Vmalloc,
} from '../../../formats/blobs/index.js'
import { openRaw } from '../../../formats/dumps/index.js'
import { type FdtNode, findChild, findProperty, nativeU64, parseFdt } from '../../../formats/fdt/index.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { hex } from '../../../formats/memory/fault.js'
import { type Geometry, geometry, type PageShift } from '../../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import { describeWith, namesIn, readJson } from '../../material.js'

const variants = ['v5', 'kho-v1-6.16', 'kho-v1-6.19', 'kho-v2-7.0', 'kho-v4-7.2']

interface Expected {
  page_shift: PageShift
  image: { base: string }
  fdt_phys: string
  fdt_totalsize: number
  subtrees: { name: string; phys: string; size: number }[]
  reserve_mem: { name: string; start: string; size: string }[]
  vmalloc: {
    name: string
    first: string
    total_pages: number
    flags: number
    order: number
    pages: string[]
  }[]
  kho_test?: { folios: [string, number][] }
}

interface Image {
  memory: PhysicalMemory
  geo: Geometry
  root: FdtNode
}

function openImage(
  folder: string,
  variant: string,
  stem: string,
  expected: Expected,
  edits: [number, string][] = [],
): Image {
  const bytes = decompress(readFileSync(join(folder, variant, `${stem}.img.zst`)))
  for (const [offset, text] of edits) bytes.set(Buffer.from(text, 'hex'), offset)
  const { memory } = openRaw(bytesSource(bytes), { base: Number(expected.image.base) })
  const read = memory.read(Number(expected.fdt_phys), expected.fdt_totalsize)
  if (!read.ok) throw new Error(read.reason)
  return { memory, geo: geometry(expected.page_shift), root: parseFdt(read.bytes).root }
}

/** The blob of a child, as the version's root names it. */
function blobOf({ memory, geo, root }: Image, name: string): Blob {
  const node = findChild(root, name)!
  const pointer = findProperty(node, 'preserved-data') ?? findProperty(node, 'fdt')
  if (pointer === null)
    return decodeBlob(memory, { name, address: null, size: null, geometry: geo, inlineNode: node })
  const size = findProperty(node, 'blob-size')
  const address = Number(nativeU64(pointer))
  return decodeBlob(memory, { name, address, size: size && Number(nativeU64(size)), geometry: geo })
}

function pagesOf(vmalloc: Vmalloc, geo: Geometry): string[] {
  return Array.from(vmalloc.runs).flatMap(run =>
    Array.from({ length: 2 ** vmalloc.order }, (_, n) => hex(run + n * geo.pageSize)),
  )
}

describeWith('KHO_TEST_CORPUS', "blobs written by the kernels' own code", folder => {
  const seen = { regions: 0, areas: 0, tests: 0 }
  for (const variant of variants) {
    for (const stem of namesIn(join(folder, variant), '.img.zst')) {
      it(`${variant}/${stem}`, () => {
        const expected = readJson<Expected>(folder, variant, `${stem}.expected.json`)
        const image = openImage(folder, variant, stem, expected)
        for (const { name } of image.root.children) {
          if (name === 'preserved-memory') continue
          const blob = blobOf(image, name)
          expect(blob.faults, name).toEqual([])
          expect(blob.value, name).not.toBeNull()
        }
        for (const { name, phys, size } of expected.subtrees) {
          if (variant === 'v5') continue
          const blob = blobOf(image, name)
          expect(hex(blob.address!), name).toBe(phys)
          if (size !== 0) expect(blob.size, name).toBe(size)
        }
        compareRegions(image, expected, seen)
        compareAreas(image, expected, seen)
        if (expected.kho_test !== undefined) {
          const test = blobOf(image, 'kho_test').value as KhoTest
          const folios = Array.from(test.folios.address, (address, n) => [hex(address), test.folios.order[n]])
          expect(folios).toEqual(expected.kho_test.folios)
          expect(checkKhoTestSum(image.memory, test, image.geo)).toBe('same')
          seen.tests++
        }
      })
    }
  }

  const broken: [id: string, child: string, codes: string[]][] = [
    ['kho-v1-6.16/memblock_fdt_magic', 'memblock', ['BLOB-FDT-INVALID']],
    ['kho-v1-6.19/memblock_compat', 'memblock', ['MEMBLOCK-COMPATIBLE']],
    ['kho-v1-6.19/vm_total_pages_less', 'vm_two_and_half', ['VMALLOC-COUNT-MISMATCH']],
    ['kho-v1-6.19/vm_flags_unknown', 'vm_two_and_half', ['VMALLOC-FLAGS']],
    ['kho-v1-6.19/vm_next_self', 'vm_two_and_half', ['VMALLOC-CHUNK-CYCLE']],
    [
      'kho-v1-6.19/vm_page_zero_in_middle',
      'vm_two_and_half',
      ['VMALLOC-CHUNK-PARTIAL', 'VMALLOC-COUNT-MISMATCH'],
    ],
    ['kho-v4-7.2/kexec_metadata_size_10', 'kexec-metadata', ['KEXEC-METADATA-SIZE']],
    ['kho-v4-7.2/vm_first_unpreserved', 'vm_two_and_half', ['VMALLOC-CHUNK-ABSENT']],
    ['kho-v4-7.2/vm_total_pages_zero', 'vm_two_and_half', ['VMALLOC-COUNT-MISMATCH']],
    ['kho-v4-7.2/vm_next_cycle', 'vm_two_and_half', ['VMALLOC-CHUNK-CYCLE']],
    ['kho-v4-7.2/vm_page_twice', 'vm_two_and_half', ['VMALLOC-ENTRY-OVERLAP']],
  ]
  const { cases } = readJson<{ cases: { id: string; base: string; edits: [number, string][] }[] }>(
    folder,
    'malformed.json',
  )
  for (const [id, child, codes] of broken) {
    it(`says what is broken in ${id}`, () => {
      const found = cases.find(it => it.id === id)!
      const [variant, stem] = found.base.split('/') as [string, string]
      const expected = readJson<Expected>(folder, variant, `${stem}.expected.json`)
      const image = openImage(folder, variant, stem, expected, found.edits)
      expect(blobOf(image, child).faults.map(fault => fault.code)).toEqual(codes)
    })
  }

  it('saw every kind', () => {
    expect(seen.regions).toBeGreaterThan(10)
    expect(seen.areas).toBeGreaterThan(10)
    expect(seen.tests).toBeGreaterThan(1)
  })
})

function compareRegions(image: Image, expected: Expected, seen: { regions: number }): void {
  if (expected.reserve_mem.length === 0) return
  const node = findChild(image.root, 'memblock')
  if (node === null) return
  const { value } = blobOf(image, 'memblock')
  if (value?.kind !== 'memblock') throw new Error(`memblock is ${value?.kind}`)
  const found = value.regions.map(({ name, start, size }) => ({ name, start: hex(start!), size: hex(size!) }))
  // Patch v5 writes the nodes in the order of a hash table.
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
  expect(found.sort(byName)).toEqual(expected.reserve_mem.sort(byName))
  seen.regions += found.length
}

function compareAreas(image: Image, expected: Expected, seen: { areas: number }): void {
  for (const { name, pages, ...want } of expected.vmalloc) {
    const { value } = blobOf(image, name.split('.')[0]!)
    const vmalloc = value?.kind === 'kho-test' ? value.vmalloc! : (value as Vmalloc)
    const { first, totalPages, flags, order } = vmalloc
    expect({ first: hex(first!), total_pages: totalPages, flags, order }, name).toEqual(want)
    expect(pagesOf(vmalloc, image.geo), name).toEqual(pages)
    expect([vmalloc.complete, vmalloc.overlapping]).toEqual([true, false])
    seen.areas++
  }
}

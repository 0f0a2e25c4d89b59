import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import { openImage } from '../../../src/node/open.js'
import { describeWith } from '../../material.js'

/** [file, machine, segments, bytes, first range, last range], as `readelf -l` prints them. */
const CAPTURES: [string, string, number, number, [number, number], [number, number]][] = [
  ['arm64-64k-4g.s1-kexec', 'aarch64', 23, 3014656, [0x406d0000, 0x40720000], [0x11fff0000, 0x120000000]],
  ['arm64-64k-4g.s1-out', 'aarch64', 9, 1572864, [0x60530000, 0x60580000], [0x11fff0000, 0x120000000]],
  ['arm64-64k-4g.s2-early', 'aarch64', 19, 2424832, [0x60530000, 0x60580000], [0x11fff0000, 0x120000000]],
  ['arm64-64k-4g.s2-in', 'aarch64', 17, 2228224, [0x60530000, 0x60540000], [0x11fff0000, 0x120000000]],
  ['basic-1g.s1-kexec', 'x86_64', 32, 1392640, [0x4e0000, 0x4e2000], [0x3ffde000, 0x3ffe0000]],
  ['basic-1g.s1-out', 'x86_64', 10, 212992, [0x4e0000, 0x4e2000], [0x3d3f0000, 0x3d3f1000]],
  ['basic-1g.s2-early', 'x86_64', 34, 1400832, [0x4e0000, 0x4e2000], [0x3ffde000, 0x3ffe0000]],
  ['basic-1g.s2-in', 'x86_64', 20, 196608, [0x60d000, 0x60e000], [0x3d3fa000, 0x3d3fb000]],
  ['chain-512m.s1-kexec', 'x86_64', 25, 512000, [0x566000, 0x567000], [0x1ffda000, 0x1ffe0000]],
  ['chain-512m.s2-kexec', 'x86_64', 35, 446464, [0x566000, 0x567000], [0x1ffda000, 0x1ffe0000]],
  ['chain-512m.s3-in', 'x86_64', 23, 212992, [0x5ac000, 0x5ad000], [0x1e7fa000, 0x1e7fb000]],
  ['dumps-luo-256m.s1-kexec', 'x86_64', 27, 630784, [0x55d000, 0x55e000], [0xffdb000, 0xffe0000]],
  ['reserve-only-256m.s1-kexec', 'x86_64', 6, 172032, [0x576000, 0x577000], [0xeff0000, 0xeff1000]],
  ['thp-1g.s2-early', 'x86_64', 22, 151552, [0x65d000, 0x664000], [0x3c3fa000, 0x3c3fb000]],
]

function presentBytes(memory: PhysicalMemory): number {
  let total = 0
  for (const { bytes } of memory.blocks()) total += bytes.length
  return total
}

describeWith('KHO_TEST_CAPTURES', 'dumps of a real kernel, opened', directory => {
  it.each(CAPTURES)('%s', async (name, machine, segments, bytes, first, last) => {
    const image = await openImage(join(directory, `linux-7.2.${name}.elf`))
    expect(image.dump).toMatchObject({ container: 'elf', machine, notes: [], vmcoreinfo: null, faults: [] })
    expect(image.dump.elf?.loads).toBe(segments)
    const ranges = image.ramKnown.map(({ start, end }) => [start, end])
    expect([ranges[0], ranges[ranges.length - 1]]).toEqual([first, last])
    expect(presentBytes(image.memory)).toBe(bytes)
    for (const { start, end } of image.ramKnown) {
      expect(image.memory.read(start, end - start).ok).toBe(true)
      expect(image.memory.read(end, 1)).toEqual({ ok: false, reason: 'outside', address: end })
    }
    image.close()
  })

  const qemu = join(directory, 'containers', 'qemu.elf.zst')
  it("QEMU's dump, compressed, has what the slim capture has", async () => {
    const image = await openImage(qemu)
    expect(image).toMatchObject({ container: 'elf', compression: 'zst' })
    // QEMU dumps its flash below 4 GiB, too, which is no RAM.
    expect(image.ramKnown).toEqual([{ start: 0, end: 0x1000_0000 }])
    expect(image.dump.notes.map(({ name, type, length }) => [name, type, length])).toEqual([
      ['CORE', 1, 0x150],
      ['CORE', 1, 0x150],
      ['QEMU', 0, 0x1b8],
      ['QEMU', 0, 0x1b8],
      ['VMCOREINFO', 0, 0xc56],
    ])
    expect(image.dump.vmcoreinfo).toHaveLength(0xc56)
    expect(image.dump.vmcoreinfo).toMatch(/^OSRELEASE=7\.2\.13-khotest\nBUILD-ID=/)
    expect(image.dump.vmcoreinfo).toMatch(/\nNUMBER\(sme_mask\)=0\n$/)
    expect(presentBytes(image.memory)).toBe(0x1000_0000 + 0x4_0000)
    const slim = await openImage(join(directory, 'linux-7.2.dumps-luo-256m.s1-kexec.elf'))
    for (const block of slim.memory.blocks()) {
      const read = image.memory.read(block.phys, block.bytes.length)
      expect(read.ok && Buffer.compare(read.bytes, block.bytes)).toBe(0)
    }
    slim.close()
    image.close()
  })

  it('the contents of a memfd, by the list that the guest wrote down', async () => {
    const list = join(directory, 'linux-7.2.basic-1g.memfds.json')
    const memfds = JSON.parse(readFileSync(list, 'utf8')) as GuestMemfd[]
    const image = await openImage(join(directory, 'linux-7.2.basic-1g.s1-kexec.elf'))
    let checked = 0
    for (const memfd of memfds) {
      const bytes = new Uint8Array(memfd.size)
      for (const [index, pfn, count] of memfd.runs_index_pfn_count) {
        const length = Math.min(count * 4096, memfd.size - index * 4096)
        const read = image.memory.read(pfn * 4096, length)
        expect(read).toMatchObject({ ok: true })
        if (read.ok) bytes.set(read.bytes, index * 4096)
      }
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(memfd.sha256)
      checked++
    }
    expect(checked).toBeGreaterThan(1)
    image.close()
  })
})

interface GuestMemfd {
  size: number
  sha256: string
  runs_index_pfn_count: [number, number, number][]
}

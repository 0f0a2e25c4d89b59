import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { WRITING_KERNELS } from '../../formats/kernels/index.js'
import { type ByteSource, bytesSource } from '../../formats/memory/byte-source.js'
import { presentRanges } from '../../formats/memory/physical-memory.js'
import { loadState } from '../../src/image/load-state.js'
import { openSource } from '../../src/image/open.js'
import type { Moment } from '../../src/kernel/run-scenario.js'
import { codecs } from '../../src/node/codecs.js'
import { parseScenario } from '../../src/scenario/scenario-file.js'
import { simulate, writeSimulationElf } from '../../src/simulate/simulate.js'
import { validateState } from '../../src/validate/validate.js'

/** A good image to break: an ELF core, small, with one of everything. */
export interface Base {
  name: string
  elf: Uint8Array
  /** Addresses of words that a decoder reads and that are not zero: pointers, counts, sizes, text. */
  words: readonly number[]
  /** Addresses of FDTs. */
  fdts: readonly number[]
  /** Pages with contents, by address. */
  pages: ReadonlyMap<number, Uint8Array>
  /** Where a page lies in the ELF core. */
  offsets: ReadonlyMap<number, number>
  /** The scenario that it was made from, as text; null for a capture. */
  scenario: string | null
}

const FIXTURES = ['reserve-only-256m.s1-kexec', 'basic-1g.s2-in', 'chain-512m.s2-kexec']
const FDT_MAGIC = [0xd0, 0x0d, 0xfe, 0xed]
const PAGE = 4096

/** Structures of posted series, of systemd and of user space in them: PCI, VFIO, IOMMU, KVM, hugetlb and so on. */
const SCENARIOS = 'fixtures/scenarios'
/** Those of large maps or files, and one that needs a layout which no line of the fuzzer names. */
const NOT_BASES = [
  '16g-of-4k-pages.yaml',
  '1t-of-1g-pages.yaml',
  'hypervisor.yaml',
  'luo-two-sessions.yaml',
  'my-driver.yaml',
  'random-scatter.yaml',
  'v5-16g-of-4k-pages.yaml',
  'v5-1t-of-1g-pages.yaml',
]

/** Makes every base, from the root of the repository; some tens of milliseconds each. */
export async function makeBases(): Promise<Base[]> {
  const bases: Base[] = []
  for (const name of FIXTURES) {
    const elf = new Uint8Array(readFileSync(`fixtures/linux-7.2.${name}.elf`))
    bases.push(await baseOf(name, elf, null))
  }
  for (const release of WRITING_KERNELS.map(({ name }) => name)) {
    for (const at of ['kexec', 'early'] as const) {
      const text = scenarioText(release)
      bases.push(await baseOf(`${release}-${at}`, elfOf(text, at), text))
    }
  }
  for (const file of readdirSync(SCENARIOS)) {
    if (NOT_BASES.includes(file)) continue
    const text = readFileSync(join(SCENARIOS, file), 'utf8')
    for (const at of ['kexec', 'early'] as const) {
      bases.push(await baseOf(`${file}-${at}`, elfOf(text, at), text))
    }
  }
  return bases
}

/** What a scenario leaves in memory, as an ELF core. */
function elfOf(text: string, at: Moment): Uint8Array {
  const simulation = simulate(parseScenario(text), { at })
  const parts: Uint8Array[] = []
  let size = 0
  const length = writeSimulationElf(simulation, (bytes, offset) => {
    if (offset > size) parts.push(new Uint8Array(offset - size))
    parts.push(bytes.slice())
    size = offset + bytes.length
  })
  parts.push(new Uint8Array(length - size))
  return new Uint8Array(Buffer.concat(parts))
}

/** A small machine with one of everything that its kernel has. */
function scenarioText(release: string): string {
  const early = ['v4', 'v5', 'v5-table'].includes(release)
  const luo = ['6.19', '7.0', '7.1', '7.2'].includes(release)
  const vmalloc = !early && !['6.16', '6.17', '6.17.9', 'array'].includes(release)
  const calls = [
    'reserve_mem: { name: trace, size: 64K }',
    ...(early ? [] : ['kho_test: { size: 64K }']),
    'preserve_folio: { order: 0 }',
    'preserve_folio: { order: 3 }',
    'preserve_pages: { pages: 37 }',
    `preserve_random: { range: 32M-48M, orders: [${release === 'v4' ? '0' : '0, 1, 2'}], count: 20 }`,
    'add_subtree: { name: drv-a, size: 48, contents: { seed: 9 } }',
    'add_subtree: { name: drv-b, fdt: { properties: { compatible: drv-v1, where: 4096 } } }',
    ...(vmalloc ? ['preserve_vmalloc: { name: area, pages: 20 }'] : []),
    ...(luo
      ? [
          'luo_session: { name: vm-a, memfds: [{ token: 1, size: 12345, contents: { seed: 1 }, pos: 17 }] }',
          'luo_session: { name: vm-b, memfds: [{ token: 1, size: 8K, contents: zero }, { token: 7, size: 64K, order: 2 }] }',
          ...(release === '6.19' ? [] : ['luo_flb: { name: iommu-v1, data: 17 }']),
        ]
      : []),
  ]
  return `machine:
  kernel: '${release}'
  ram: [0-64M]
  scratch: [{ address: 48M, size: 4M }, { address: 56M, size: 2M }]
seed: 3
calls:
${calls.map(call => `  - ${call}`).join('\n')}
  - kexec
`
}

async function baseOf(name: string, elf: Uint8Array, scenario: string | null): Promise<Base> {
  const read = new Set<number>()
  const image = await openSource(
    { name, source: watched(elf, read), parts: [], close() {} },
    {},
    { codecs: async () => codecs, unpack: async file => file },
  )
  validateState(loadState(image))
  const pages = new Map<number, Uint8Array>()
  const offsets = new Map<number, number>()
  const words: number[] = []
  for (const { start, end } of presentRanges(image.dump.memory)) {
    for (let at = start; at < end; at += PAGE) {
      const page = image.memory.read(at, PAGE)
      if (!page.ok || page.offset === null) continue
      const bytes = page.bytes.slice()
      pages.set(at, bytes)
      offsets.set(at, page.offset)
      const view = new DataView(bytes.buffer)
      for (let word = 0; word < PAGE; word += 8) {
        if (read.has(page.offset + word) && view.getBigUint64(word, true) !== 0n) words.push(at + word)
      }
    }
  }
  const fdts = words.filter(at => FDT_MAGIC.every((byte, n) => pageOf(pages, at)[(at % PAGE) + n] === byte))
  return { name, elf, words, fdts, pages, offsets, scenario }
}

function pageOf(pages: ReadonlyMap<number, Uint8Array>, address: number): Uint8Array {
  return pages.get(address - (address % PAGE))!
}

/** Whole pages that are taken for structures: what follows is contents, which are looked at last. */
const MOST_PAGES = 64

/** A source that remembers the words of small reads: whoever scans reads more at once. */
function watched(bytes: Uint8Array, read: Set<number>): ByteSource {
  const inner = bytesSource(bytes)
  let pages = 0
  return {
    size: inner.size,
    read(offset, length, reuse) {
      if (length < PAGE || (length === PAGE && pages++ < MOST_PAGES)) {
        const end = Math.min(offset + length, inner.size)
        for (let at = offset - (offset % 8); at < end; at += 8) read.add(at)
      }
      return inner.read(offset, length, reuse)
    },
  }
}

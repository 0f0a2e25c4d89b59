import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadState } from '../../../src/image/load-state.js'
import { openImage } from '../../../src/node/open.js'
import { ROOT } from '../../built.js'
import { fixture, kho } from '../cli/kho.js'

/** What an independent reader found at one root. */
interface ExpectedRoot {
  phys: string
  preserved?: Record<string, string[]>
  preserved_ranges?: [string, string][]
  radix?: { nbad: number }
}

const folders = [join(ROOT, 'fixtures')]
if (process.env.KHO_TEST_CAPTURES !== undefined) folders.push(process.env.KHO_TEST_CAPTURES)

const roots = folders.flatMap(folder =>
  readdirSync(folder)
    .filter(file => file.endsWith('.elf'))
    .flatMap(file => {
      const image = join(folder, file)
      const expected = JSON.parse(readFileSync(image.replace(/\.elf$/, '.expected.json'), 'utf8')) as {
        fdts: ExpectedRoot[]
      }
      return expected.fdts.map(root => ({ image, root, name: `${file} ${root.phys}` }))
    }),
)

function blocksOf(root: ExpectedRoot): { address: number; order: number }[] {
  const blocks = Object.entries(root.preserved ?? {}).flatMap(([order, addresses]) =>
    addresses.map(address => ({ address: Number(address), order: Number(order) })),
  )
  return blocks.sort((a, b) => a.address - b.address || a.order - b.order)
}

describe('kho pages, of every root of every capture', () => {
  it('has captures to read', () => {
    expect(roots.length).toBeGreaterThan(4)
  })

  it.each(roots)('$name', async ({ image, root }) => {
    const ran = await kho(['pages', image, '--root', root.phys])
    if ((root.radix?.nbad ?? 0) > 0) {
      expect(ran).toEqual({ code: 5, out: '', err: expect.stringContaining('stale') })
      return
    }
    const blocks = blocksOf(root)
    const lines = blocks.map(block => `0x${block.address.toString(16)} ${block.order}\n`).join('')
    expect(ran).toEqual({ code: 0, out: lines, err: '' })
    const json = await kho(['pages', image, '--root', root.phys, '--json'])
    expect(JSON.parse(json.out)).toEqual({
      schema: 'kho/pages/1',
      blocks: blocks.map(({ address, order }) => ({ address: `0x${address.toString(16)}`, order })),
    })
  })
})

describe('kho pages --ranges', () => {
  const image = fixture('chain-512m.s2-kexec')

  it('merges blocks of all orders, and covers the same bytes', async () => {
    const blocks = (await kho(['pages', image, '--ndjson'])).out.trimEnd().split('\n')
    const covered = new Set<number>()
    for (const line of blocks) {
      const { address, order } = JSON.parse(line) as { address: string; order: number }
      for (let page = 0; page < 2 ** order; page++) covered.add(Number(address) + page * 4096)
    }
    const lines = (await kho(['pages', image, '--ranges'])).out.trimEnd().split('\n')
    let last = -1
    let bytes = 0
    for (const line of lines) {
      const [, start, end, size] = /^(0x[0-9a-f]+)-(0x[0-9a-f]+) ([0-9]+)$/.exec(line) as RegExpExecArray
      expect(Number(start)).toBeGreaterThan(last)
      expect(Number(end) - Number(start)).toBe(Number(size))
      for (let page = Number(start); page < Number(end); page += 4096) expect(covered.has(page)).toBe(true)
      last = Number(end)
      bytes += Number(size)
    }
    expect(bytes).toBe(covered.size * 4096)
  })

  it('is the same in every form', async () => {
    const lines = (await kho(['pages', image, '--ranges'])).out.trimEnd().split('\n')
    const expected = lines.map(line => {
      const [start, end] = (line.split(' ')[0] as string).split('-')
      return { start, end }
    })
    const json = await kho(['pages', image, '--ranges', '--json'])
    expect(JSON.parse(json.out)).toEqual({ schema: 'kho/pages/1', ranges: expected })
    const nd = await kho(['pages', image, '--ranges', '--ndjson'])
    expect(
      nd.out
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line) as unknown),
    ).toEqual(expected)
  })
})

describe('kho pages, where there is no whole map', () => {
  it('points at a root that has one', async () => {
    const ran = await kho(['pages', fixture('basic-1g.s2-in'), '--root', 'incoming'])
    expect(ran.code).toBe(5)
    expect(ran.err).toMatch(
      /^kho: the incoming map of preserved memory is stale: .*\nkho: hint: --root 0x120f000 /,
    )
  })

  it('prints the live one when not told which', async () => {
    const ran = await kho(['pages', fixture('basic-1g.s2-in')])
    expect(ran.code).toBe(0)
    expect(ran.out.split('\n').length).toBeGreaterThan(1)
  })

  it('says that a root of the kind asked for is not there', async () => {
    const ran = await kho(['pages', fixture('reserve-only-256m.s1-kexec'), '--root', '0x1000'])
    expect(ran).toEqual({ code: 4, out: '', err: expect.stringContaining('0x1000') })
  })
})

/** A copy of a fixture in which the first pointer to a leaf of order 0 names a page at 4 GiB, which it lacks. */
async function withoutLeaf(name: string): Promise<{ path: string; folder: string }> {
  const image = await openImage(fixture(name))
  const { memory } = image
  const { nodes } = loadState(image).tracker.decode
  const leaf = nodes.find(node => node.kind === 'leaf' && node.order === 0)!
  const tables = nodes.filter(node => node.kind === 'table' && node.level === 1)
  const places = tables.flatMap(({ address, size }) => {
    const read = memory.read(address, size)
    if (!read.ok) throw new Error('a table is not there')
    const view = new DataView(read.bytes.buffer, read.bytes.byteOffset, size)
    const slots = Array.from({ length: size / 8 }, (_, n) => n * 8)
    return slots
      .filter(at => view.getBigUint64(at, true) === BigInt(leaf.address))
      .map(at => read.offset! + at)
  })
  image.close()
  const bytes = readFileSync(fixture(name))
  bytes.writeBigUInt64LE(2n ** 32n, places[0]!)
  const folder = mkdtempSync(join(tmpdir(), 'kho-pages-'))
  const path = join(folder, 'partial.elf')
  writeFileSync(path, bytes)
  return { path, folder }
}

describe('kho pages --partial', () => {
  it('prints what the nodes show that are in the dump, and ends in 5 all the same', async () => {
    const whole = (await kho(['pages', fixture('basic-1g.s2-early')])).out.trimEnd().split('\n')
    const { path, folder } = await withoutLeaf('basic-1g.s2-early')
    const command = ['pages', path, '--ram', '4G-5G']
    const refused = await kho(command)
    expect(refused).toEqual({
      code: 5,
      out: '',
      err: expect.stringMatching(/map of preserved memory is partial/),
    })
    const ran = await kho([...command, '--partial'])
    expect(ran.code).toBe(5)
    expect(ran.err).toBe(refused.err)
    // One leaf has a bit for each of 32,768 pages.
    const inLeaf = (line: string) => line.endsWith(' 0') && Number(line.split(' ')[0]) < 32_768 * 4096
    expect(ran.out.trimEnd().split('\n')).toEqual(whole.filter(line => !inLeaf(line)))
    const json = await kho([...command, '--partial', '--json'])
    expect(json.code).toBe(5)
    expect((JSON.parse(json.out) as { blocks: unknown[] }).blocks).toHaveLength(
      whole.filter(line => !inLeaf(line)).length,
    )
    rmSync(folder, { recursive: true })
  })

  it('changes nothing for a map that is whole, and has no lines for one of which nothing can be read', async () => {
    const image = fixture('basic-1g.s2-early')
    expect(await kho(['pages', image, '--partial'])).toEqual(await kho(['pages', image]))
    const stale = await kho(['pages', fixture('basic-1g.s2-in'), '--root', 'incoming', '--partial'])
    expect(stale).toEqual({ code: 5, out: '', err: expect.stringContaining('is stale') })
  })
})

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
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

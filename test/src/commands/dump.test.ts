import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fixture, kho } from '../cli/kho.js'

const IMAGE = fixture('basic-1g.s2-early')

interface Expected {
  fdts: {
    phys: string
    radix: { nodes_by_level: Record<string, number>; count_by_order: Record<string, number>; bytes: number }
    subtrees: {
      memblock: {
        phys: string
        blob_size: number
        reserve_mem: Record<string, { start: string; size: string }>
      }
      LUO: {
        sessions: {
          name: string
          files: { token: number; memfd: { pos: number; size: number; seals: number; folios: number[][] } }[]
        }[]
        flb: { entries: { name: string; data: string; count: number }[] }
      }
      kho_test: { folios: [string, number][] }
      'kexec-metadata': { version: number; kexec_count: number; previous_release: string }
    }
  }[]
}

interface Folio {
  index: number
  pfn: number
}

const expected = (JSON.parse(readFileSync(IMAGE.replace(/elf$/, 'expected.json'), 'utf8')) as Expected)
  .fdts[0]!

async function part(path: string): Promise<unknown> {
  const ran = await kho(['dump', IMAGE, path, '--json'])
  expect(ran.err).toBe('')
  const document = JSON.parse(ran.out) as { schema: string; value: unknown }
  expect(document.schema).toBe('kho/dump/1')
  return document.value
}

describe('kho dump --json', () => {
  it('begins with its schema and says what an independent reader says', async () => {
    const { out } = await kho(['dump', IMAGE, '--json'])
    expect(out.startsWith('{\n"schema":"kho/dump/1"')).toBe(true)
    const { nodes_by_level: levels, count_by_order: counts, bytes } = expected.radix
    const orders = Object.entries(counts).map(([order, blocks]) => ({
      order: Number(order),
      blocks,
      bytes: blocks * 4096 * 2 ** Number(order),
    }))
    expect(JSON.parse(out)).toMatchObject({
      image: { path: IMAGE, container: 'elf', pageSize: 4096 },
      root: { address: expected.phys, direction: 'incoming' },
      candidates: [{ address: expected.phys, direction: 'incoming', state: 'live', compatible: 'kho-v4' }],
      abi: 'kho-v4',
      compatible: 'kho-v4',
      tracker: {
        format: 'radix-tree',
        state: 'live',
        root: '0x630000',
        nodes: Object.values(levels).reduce((a, b) => a + b),
        leaves: levels[0],
        orders,
        blocks: Object.values(counts).reduce((a, b) => a + b),
        bytes,
      },
      findings: [{ rule: 'DUMP-BLIND-SPOT', severity: 'info' }],
    })
  })
})

describe('kho dump PATH', () => {
  it('decodes reserve_mem to the last field', async () => {
    const { memblock } = expected.subtrees
    expect(await part('memblock')).toMatchObject({
      address: memblock.phys,
      size: memblock.blob_size,
      format: 'memblock-v1',
    })
    for (const [name, { start, size }] of Object.entries(memblock.reserve_mem)) {
      expect(await part(`memblock/${name}`)).toEqual({
        name,
        compatible: 'reserve-mem-v1',
        start,
        size: Number(size),
      })
    }
  })

  it('decodes files to their folios', async () => {
    for (const session of expected.subtrees.LUO.sessions) {
      for (const file of session.files) {
        const path = `luo/sessions/${session.name}/files/${file.token}`
        const { pos, size, seals, folios } = file.memfd
        expect(await part(path)).toMatchObject({
          token: String(file.token),
          memfd: { position: pos, size, seals },
        })
        const found = (await part(`${path}/folios`)) as Folio[]
        expect(found.map(folio => [folio.pfn, folio.index])).toEqual(
          folios.map(([pfn, , index]) => [pfn, index]),
        )
      }
    }
  })

  it('decodes the rest', async () => {
    const { kho_test: test, LUO, 'kexec-metadata': metadata } = expected.subtrees
    expect(await part('luo/flbs')).toEqual(
      LUO.flb.entries.map(entry => ({ ...entry, struct: null, pointers: [] })),
    )
    expect(await part('kho_test/folios')).toEqual(test.folios.map(([address, order]) => ({ address, order })))
    expect(await part('kexec-metadata/previousRelease')).toBe(metadata.previous_release)
    expect(await part('kexec-metadata/kexecCount')).toBe(metadata.kexec_count)
  })

  it.each([
    ['blobs/LUO/sessions/vm-a', 'luo/sessions/vm-a'],
    ['/luo/sessions/#0', 'luo/sessions/vm-a'],
    ['luo/sessions/vm-a/files/2/memfd/folios/3', 'luo/sessions/vm-a/files/2/folios/3'],
    ['blobs/memblock/value/regions/khosmall', 'memblock/khosmall'],
    ['fdt/children/memblock/properties/preserved-data', 'fdt/memblock/preserved-data'],
  ])('%s is %s', async (one, other) => {
    expect(await part(one)).toEqual(await part(other))
  })

  it('shows a node of the tracker, a scratch area, the handoff', async () => {
    expect(await part('tracker/nodes/0x630000')).toMatchObject({
      address: '0x630000',
      kind: 'table',
      level: 5,
    })
    expect(await part('scratch/#1')).toEqual({ start: '0x33400000', size: 128 * 2 ** 20 })
    expect(await part('handoff')).toMatchObject({ root: expected.phys, direction: 'incoming' })
  })

  it('says how far a path leads', async () => {
    const ran = await kho(['dump', IMAGE, 'luo/sessions/vm-c/files'])
    expect(ran).toEqual({
      code: 4,
      out: '',
      err: 'kho: there is no vm-c in luo/sessions\nkho: hint: luo/sessions has vm-a, vm-b\n',
    })
    expect((await kho(['dump', IMAGE, 'luo/sessions/#2'])).code).toBe(4)
    expect((await kho(['dump', IMAGE, 'kexec-metadata/version/x'])).err).toContain('has no parts')
  })
})

describe('kho dump, for people', () => {
  it('shows every section', async () => {
    const { code, out, err } = await kho(['dump', IMAGE])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const heads = out.split('\n').filter(line => /^\S/.test(line))
    expect(heads.map(line => line.split(/ {2}| \(/)[0])).toEqual([
      'image',
      'root',
      'tracker',
      'scratch',
      'blobs',
      'findings',
    ])
    expect(out).toContain('root  0x60d000 incoming, kho-v4')
    expect(out).toContain('\n      0         298     1.2 MiB\n')
    expect(out).toContain('khotrace  compatible "reserve-mem-v1", start 0x3d600000, size 2097152 (2 MiB)\n')
    expect(out).toContain('… 248 more (--all shows them)\n')
  })

  it('shows all when asked to', async () => {
    const { out } = await kho(['dump', IMAGE, '--all'])
    expect(out).not.toContain(' more (')
    expect(out).toContain(
      '            255  pfn 261846, address 0x3fed6000, order 0, dirty yes, uptodate yes\n',
    )
  })

  it('shows the stale root too', async () => {
    const ran = await kho(['dump', fixture('basic-1g.s2-in'), '--root', 'incoming'])
    expect(ran.code).toBe(0)
    expect(ran.out).toMatch(/^tracker {2}radix-tree, root 0x630000, stale$/m)
    expect(ran.out).toMatch(/^other roots \(1\)\n {2}0x120f000 outgoing, map live "kho-v4"$/m)
  })
})

interface Node {
  kind: string
  order: number | null
  start: string | null
  covers: number | null
  used: number | null
  of: number | null
  unit: string | null
}

describe('coverage of the tracker', () => {
  it('is said of each node, and comes to the blocks that there are', async () => {
    const nodes = (await part('tracker/nodes')) as Node[]
    const blocks = expected.radix.count_by_order
    for (const [order, count] of Object.entries(blocks)) {
      const leaves = nodes.filter(node => node.kind === 'leaf' && node.order === Number(order))
      expect(leaves.reduce((sum, { used }) => sum + used!, 0)).toBe(count)
      for (const { covers, of } of leaves) expect([covers, of]).toEqual([2 ** 27 * 2 ** Number(order), 32768])
    }
    const links = nodes.filter(({ unit }) => unit === 'slots').reduce((sum, { used }) => sum + used!, 0)
    // Every node but the root hangs in one slot.
    expect(links).toBe(nodes.length - 1)
  })

  it.each([
    ['v5', 'bitmap', 2 ** 24, 4096],
    ['mail-table', 'leaf', 2 ** 27, 32768],
    ['v5-table', 'leaf', 2 ** 27, 32768],
  ])('%s: a %s of pages is what the mails say', async (abi, kind, covers, of) => {
    const folder = mkdtempSync(join(tmpdir(), 'kho-dump-'))
    const path = join(folder, 'image.elf')
    try {
      expect((await kho(['convert', IMAGE, '--to', abi, '-o', path, '--quiet'])).code).toBe(0)
      const { out } = await kho(['dump', path, 'tracker/nodes', '--json'])
      const nodes = (JSON.parse(out) as { value: Node[] }).value
      const units = nodes.filter(node => node.kind === kind && node.order === 0)
      expect(units.length).toBeGreaterThan(1)
      for (const unit of units) expect(unit).toMatchObject({ covers, of, unit: 'blocks' })
      const { out: text } = await kho(['dump', path, 'tracker'])
      expect(text).toMatch(/covers \d+ \(\d+ MiB\), used \d+, of \d+, unit blocks/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('what kho dump finds', () => {
  it.each(['MAP-ORPHAN', 'LUO-FLB-REFCOUNT', 'RADIX-CYCLE', 'MEMFD-SIZE'])(
    'is what kho validate finds, in as many lines: %s',
    async rule => {
      const folder = mkdtempSync(join(tmpdir(), 'kho-dump-'))
      try {
        const path = join(folder, 'broken.elf')
        expect((await kho(['damage', IMAGE, '--damage', rule, '-o', path, '--quiet'])).code).toBe(0)
        const { out } = await kho(['dump', path])
        const judged = await kho(['validate', path])
        const lines = judged.out.split('\n').filter(line => /^(error|warning|info) /.test(line))
        expect(lines.length).toBeGreaterThan(1)
        expect(
          out
            .slice(out.indexOf('findings ('))
            .split('\n')
            .slice(1, -1)
            .map(line => line.trim()),
        ).toEqual(lines)
        const findings = async (command: string) =>
          (JSON.parse((await kho([command, path, '--json'])).out) as { findings: unknown[] }).findings
        expect(await findings('dump')).toEqual(await findings('validate'))
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  )
})

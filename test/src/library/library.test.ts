import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  abi,
  annotate,
  applyDamage,
  boot,
  compare,
  convert,
  damage,
  damagesOf,
  diff,
  extract,
  findRoots,
  isKhoError,
  type KhoState,
  loadState,
  map,
  openBytes,
  ownedPages,
  ownedRanges,
  pages,
  parseScenario,
  pictureOf,
  ranges,
  simulate,
  simulationBytes,
  slim,
  stat,
  toArrayBuffer,
  validate,
  whois,
} from '../../../src/index.js'
import { ROOT } from '../../built.js'

const CAPTURE = join(ROOT, 'fixtures/linux-7.2.basic-1g.s1-kexec.elf')
const SMALL = join(ROOT, 'fixtures/linux-7.2.reserve-only-256m.s1-kexec.elf')
const SCENARIO = readFileSync(join(ROOT, 'fixtures/scenarios/luo-two-sessions.yaml'), 'utf8')

async function captured(path = CAPTURE): Promise<KhoState> {
  const file = readFileSync(path)
  return loadState(await openBytes(file.buffer.slice(file.byteOffset, file.byteOffset + file.length)))
}

describe('the verbs, from an ArrayBuffer', () => {
  it('list what is preserved, as blocks and ranges, with owners or without', async () => {
    const state = await captured()
    const blocks = pages(state)
    const bytes = blocks.reduce((sum, { order }) => sum + 4096 * 2 ** order, 0)
    expect(ranges(state).reduce((sum, { start, end }) => sum + end - start, 0)).toBe(bytes)
    expect(ownedPages(state).map(({ address, order }) => ({ address, order }))).toEqual(blocks)
    expect(ownedRanges(state).some(({ owner }) => owner?.startsWith('luo/') === true)).toBe(true)
  })

  it('judge, boot and sum up', async () => {
    const state = await captured()
    expect(validate(state).outcome.word).toBe('ok')
    expect(boot(state).reservations.length).toBeGreaterThan(0)
    expect(stat(state).totals.blocks).toBe(pages(state).length)
    expect(findRoots(state.image.memory).roots.map(({ address }) => address)).toContain(state.root.address)
  })

  it('answer about an address, a part and a pair of kernels', async () => {
    const state = await captured()
    expect(whois(state, BigInt(pages(state)[0]!.address)).preserved).toBe(true)
    const fields = [...annotate(state, 'kexec-metadata')].map(span =>
      span.kind === 'field' ? span.name : '',
    )
    expect(fields.join()).toContain('version')
    expect([...annotate(state, { start: state.root.address, end: state.root.address + 64 })]).not.toEqual([])
    expect(abi(state, '7.2').every(({ outcome }) => outcome === 'ok')).toBe(true)
    expect(abi('7.2', '6.18')[0]).toMatchObject({ component: 'root compatible', outcome: 'rejected' })
    expect(compare(state).rows.length).toBeGreaterThan(3)
    const picture = pictureOf(map(state), { by: 'owner', second: null, range: null, columns: 16, rows: 4 })
    expect([...picture.cells()]).toHaveLength(picture.columns * picture.rows)
  })

  it('take contents out, as long as the part says', async () => {
    const state = await captured()
    const { bytes, size, path } = extract(state, 'fdt')
    expect(bytes).toBeInstanceOf(ArrayBuffer)
    expect(bytes.byteLength).toBe(size)
    expect(path).toBe('fdt')
    expect(() => extract(state, 'no/such/part')).toThrow(/no such|nothing|no /)
  })

  it('write images that hold the same state', async () => {
    const state = await captured()
    const kept = loadState(await openBytes(slim(state.image).bytes))
    expect(diff(state, kept).same).toBe(true)
    const small = await captured(SMALL)
    for (const container of ['elf', 'raw'] as const) {
      const { bytes, root, base } = convert(small, { to: 'kho-v3', container })
      const converted = loadState(await openBytes(bytes, base === null ? {} : { base }), { root })
      expect(converted.abi).toBe('kho-v3')
      expect(ranges(converted)).toEqual(ranges(small))
    }
  })
})

describe('an image', () => {
  it('is broken on purpose in a copy, in either container', async () => {
    const state = await captured(SMALL)
    const rule = 'RADIX-CYCLE'
    expect(damagesOf(state)).toContainEqual(expect.objectContaining({ rule, reason: null }))
    for (const container of ['elf', 'raw'] as const) {
      const { bytes, base, done } = damage(state, [{ rule, seed: 1 }], container)
      expect(done).toHaveLength(1)
      const broken = loadState(await openBytes(bytes, base === null ? {} : { base }), {
        root: state.root.address!,
      })
      expect(validate(broken).findings.map(finding => finding.rule)).toContain(rule)
    }
    expect(validate(state).findings.map(finding => finding.rule)).not.toContain(rule)
    expect(() => damage(state, [{ rule: 'NO-SUCH', seed: 1 }])).toThrow(/no damage for NO-SUCH/)
  })
})

describe('a state made from nothing', () => {
  it('goes to an ArrayBuffer and back', async () => {
    const { bytes } = simulationBytes(simulate(parseScenario(SCENARIO)))
    const state = loadState(await openBytes(bytes))
    expect(stat(state).totals.sessions).toBe(2)
  })

  it('can be broken on purpose', async () => {
    const simulation = simulate(parseScenario(SCENARIO))
    applyDamage(simulation, 'ROOT-COMPATIBLE')
    const found = validate(loadState(await openBytes(simulationBytes(simulation).bytes)))
    expect(found.outcome.word).not.toBe('ok')
  })
})

describe('toArrayBuffer', () => {
  it('leaves zeros where nothing was written, up to the length that the writer gives', () => {
    const buffer = toArrayBuffer(sink => {
      sink(Uint8Array.of(1), 2)
      sink(Uint8Array.of(2), 5)
      return 8
    })
    expect([...new Uint8Array(buffer)]).toEqual([0, 0, 1, 0, 0, 2, 0, 0])
  })

  it('refuses what no ArrayBuffer holds', () => {
    const tooMuch = () => toArrayBuffer(() => 2 ** 40)
    expect(tooMuch).toThrow('do not fit')
    try {
      tooMuch()
    } catch (error) {
      expect(isKhoError(error) && error.code).toBe('unsupported')
    }
  })
})

describe('openBytes', () => {
  it('says what bytes are no image', async () => {
    await expect(openBytes(new ArrayBuffer(0))).rejects.toMatchObject({ code: 'unreadable' })
    const text = new TextEncoder().encode('no dump at all')
    await expect(openBytes(text, { format: 'elf' })).rejects.toMatchObject({ name: 'KhoError' })
  })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isKhoError } from '../../../formats/error.js'
import type { Range } from '../../../formats/memory/range.js'
import { DAMAGES, damageState, damagesOf } from '../../../src/damage/index.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import { openBytes } from '../../../src/library/open-bytes.js'
import { openImage } from '../../../src/node/open.js'
import { validateState } from '../../../src/validate/validate.js'
import { ROOT } from '../../built.js'
import { fixture } from '../cli/kho.js'

async function stateOf(path: string): Promise<KhoState> {
  return loadState(await openImage(path))
}

/** Rules that find something in a state that was broken, read as a user would have it read. */
function foundIn(state: KhoState, rule: string, ram: Range[]): string[] | 'no-state' {
  const { memory } = damageState(state, [{ rule, seed: 1 }])
  const insist =
    /^SCRATCH-(LENGTH|UNALIGNED|EMPTY)$/.test(rule) && state.scratchArray !== null
      ? { scratch: rule === 'SCRATCH-LENGTH' ? longer(state.scratchArray) : state.scratchArray }
      : {}
  const options = { root: state.root.address, pageShift: state.geometry.pageShift, abi: state.abi, ...insist }
  try {
    const broken = loadState({ ...state.image, memory, ramKnown: memory.ranges }, options)
    const reader = UP_TO_7_1.has(rule) ? { reader: '7.1' } : {}
    return validateState(broken, { ram, ...reader }).findings.map(finding => finding.rule)
  } catch (error) {
    if (isKhoError(error) && error.code === 'no-state') return 'no-state'
    throw error
  }
}

/** What later kernels do not mind. */
const UP_TO_7_1 = new Set(['MAP-HUGE-BLOCK'])

const longer = ({ address, size }: { address: number; size: number }) => ({ address, size: size + 8 })

/** Captures of real kernels: a chunk list with LUO, and radix trees at the jump and early in the next kernel. */
const CAPTURES: [string, string, number, number][] = [
  ['7.2, early', fixture('basic-1g.s2-early'), 90, 2 ** 30],
  ['7.2, at the jump', fixture('basic-1g.s1-kexec'), 80, 2 ** 30],
  ['6.19, early', join(ROOT, 'fixtures/releases/6.19.11/early.elf.zst'), 80, 2 ** 29],
]

/** Shown by hand on images whose records say so: what --scratch would have to repeat. */
const TOLD = /^SCRATCH-EMPTY$/

describe.each(CAPTURES)('a capture of %s', (_, path, least, ramEnd) => {
  it('can be broken in many ways, each found by the rule of its name', async () => {
    const state = await stateOf(path)
    const able = damagesOf(state).filter(({ reason }) => reason === null)
    expect(able.length).toBeGreaterThan(least)
    const missed = able.flatMap(({ rule }) => {
      if (TOLD.test(rule)) return []
      const found = foundIn(state, rule, [{ start: 0, end: ramEnd }])
      return found === 'no-state' || found.includes(rule) ? [] : [rule]
    })
    expect(missed).toEqual([])
  }, 300_000)

  it('says of every other damage why not', async () => {
    const offers = damagesOf(await stateOf(path))
    expect(offers.map(({ rule }) => rule)).toEqual(Object.keys(DAMAGES))
    for (const { reason } of offers) expect(reason ?? 'to break').toContain('to break')
  })
})

describe('a capture that is broken already', () => {
  it.each([CAPTURES[0]!, CAPTURES[2]!])(
    'can be asked what else can be: %s',
    async (_, path) => {
      const state = await stateOf(path)
      const options = { root: state.root.address, pageShift: state.geometry.pageShift, abi: state.abi }
      for (const { rule, reason } of damagesOf(state)) {
        if (reason !== null) continue
        const { memory } = damageState(state, [{ rule, seed: 1 }])
        let broken: KhoState
        try {
          broken = loadState({ ...state.image, memory, ramKnown: memory.ranges }, options)
        } catch (error) {
          if (isKhoError(error) && error.code === 'no-state') continue
          throw error
        }
        expect(damagesOf(broken).length).toBe(Object.keys(DAMAGES).length)
      }
    },
    300_000,
  )
})

describe('breaking a capture', () => {
  it('leaves the capture as it is, and all memory but what was broken', async () => {
    const state = await stateOf(fixture('basic-1g.s2-early'))
    const before = validateState(state)
    const { memory, present } = damageState(state, [{ rule: 'MEMFD-SIZE', seed: 1 }])
    let changed = 0
    for (const { start, end } of present) {
      for (let at = start; at < end; at += 4096) {
        const [old, now] = [state.image.memory.read(at, 4096), memory.read(at, 4096)]
        if (!old.ok || !now.ok) continue
        if (!Buffer.from(old.bytes).equals(Buffer.from(now.bytes))) changed++
      }
    }
    expect(changed).toBe(1)
    expect(validateState(await stateOf(fixture('basic-1g.s2-early')))).toEqual(before)
  })

  it('is the same for the same seed, and takes several damages', async () => {
    const state = await stateOf(fixture('basic-1g.s2-early'))
    const choices = [
      { rule: 'MEMFD-SIZE', seed: 3 },
      { rule: 'MEMBLOCK-NAME', seed: 3 },
    ]
    const [first, second] = [damageState(state, choices), damageState(state, choices)]
    expect(first.done).toEqual(second.done)
    expect(first.done).toHaveLength(2)
  })

  it('takes the page frame number out of the word of a folio, whose flags make it more than a number holds', async () => {
    const state = await stateOf(fixture('chain-512m.s2-kexec'))
    const { done } = damageState(state, [{ rule: 'MEMFD-FOLIO-UNPRESERVED', seed: 1 }])
    expect(done.join('')).toContain('the block of order 0 at 0x17e1000')
  })

  it('leaves children alone to which no path leads', async () => {
    const bytes = readFileSync(fixture('basic-1g.s2-early'))
    const whole = loadState(await openBytes(bytes))
    const names = whole.blobs().map(({ name }) => name)
    for (const name of names) {
      // A node's tag, then its name, up to a multiple of four: empty now, with FDT_NOPs behind it.
      const at = bytes.indexOf(Buffer.from(`\0\0\0\x01${name}\0`, 'latin1')) + 4
      bytes.writeUInt32BE(0, at)
      for (let word = 4; word <= name.length; word += 4) bytes.writeUInt32BE(4, at + word)
    }
    const state = loadState(await openBytes(bytes), { root: whole.root.address })
    expect(state.fdt.root.children.map(({ name }) => name)).toEqual(names.map(() => ''))
    const reasons = new Map(damagesOf(state).map(({ rule, reason }) => [rule, reason]))
    expect(reasons.get('BLOB-PROPERTY')).toContain('child with a blob')
    expect(() => damageState(state, [{ rule: 'BLOB-PROPERTY', seed: 0 }])).toThrow(/child with a blob/)
  })

  it('says that a tree lacks what is to be changed in it', async () => {
    const bytes = readFileSync(fixture('basic-1g.s2-early'))
    const blob = loadState(await openBytes(bytes))
      .blobs()
      .find(({ path }) => path === 'memblock')
    expect(blob?.format).toBe('memblock-v1')
    for (let at = bytes.indexOf('start\0'); at >= 0; at = bytes.indexOf('start\0', at + 1)) bytes[at] = 0x53
    const state = loadState(await openBytes(bytes))
    const said = [0, 1, 2, 3, 4, 5].map(seed => {
      try {
        return damageState(state, [{ rule: 'MEMBLOCK-REGION', seed }]).done.join('')
      } catch (error) {
        return isKhoError(error) ? error.code : String(error)
      }
    })
    expect([...new Set(said)]).toContain('cannot-express')
    expect(said.every(each => each === 'cannot-express' || each.endsWith('has no size'))).toBe(true)
  })

  it('refuses a copy of debugfs, which has no memory', async () => {
    const state = await stateOf(join(ROOT, 'fixtures/releases/7.3.4/first.debugfs'))
    expect(() => damageState(state, [{ rule: 'MEMFD-SIZE', seed: 1 }])).toThrow(/no memory to break/)
    expect(damagesOf(state).every(({ reason }) => reason !== null)).toBe(true)
  })
})

it('says of a state of which no RAM is known that nothing can lie behind its end', async () => {
  const state = await stateOf(fixture('basic-1g.s2-early'))
  const offers = damagesOf({ ...state, image: { ...state.image, ramKnown: [] } })
  for (const rule of ['BLOB-ADDRESS', 'MAP-OUTSIDE-RAM', 'SCRATCH-OUTSIDE-RAM']) {
    const reason = 'this state has no RAM that is known to break'
    expect(offers.find(offer => offer.rule === rule)).toMatchObject({ rule, reason })
  }
})

import { describe, expect, it } from 'vitest'
import { blankSessions, writeLuoHead } from '../../../formats/blobs/luo-forms.js'
import type { KernelFeature, KernelFile } from '../../../formats/kernel-files/index.js'
import { kernelNamed, readingKernel, writingKernelNamed } from '../../../formats/kernels/index.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { fileOffer, stateOffer } from '../../../src/abi/offer.js'
import { takeOver } from '../../../src/abi/take-over.js'
import { schema } from '../../../src/commands/dump/schema.js'
import { convertState } from '../../../src/convert/convert.js'
import { damageState } from '../../../src/damage/index.js'
import { diffStates } from '../../../src/diff/diff.js'
import { planExtract, writeContents } from '../../../src/extract/extract.js'
import type { KhoState } from '../../../src/image/state.js'
import { resolve } from '../../../src/model/resolve.js'
import { ownerSets } from '../../../src/owners/algebra.js'
import { ownershipOf } from '../../../src/owners/ownership.js'
import { jsonLine } from '../../../src/render/json.js'
import { documentJson } from '../../../src/render/view-json.js'
import { SCENARIO } from '../../../src/scenario/schema.js'
import { stat } from '../../../src/stat/stat.js'
import { validateState } from '../../../src/validate/validate.js'
import { jsonAt, pagesAt, stateOfCalls, stateOfFixture } from '../model/described-states.js'

const text = (value: string, bytes: number) =>
  Buffer.from(value)
    .toString('hex')
    .padEnd(bytes * 2, '0')
const mask = '0700000000000000'
const POINTERS = '0300000000000000 0000000200000000 0000000000000000'

/** Worked by hand: a block with one session, a block with its file, and a memfd of no folios. */
const PAGES = {
  33554432: `0000000000000000 0100000000000000 ${text('vm', 64)} 0010000200000000 0100000000000000`,
  33558528: `0000000000000000 0100000000000000 ${text('memfd', 48)} 0020000200000000 0900000000000000`,
  33562624: `0300000000000000 0300000000000000 0300000000000000 ${'00'.repeat(104)} ${'00'.repeat(48)}`,
}

/** A machine whose LUO child is the one given, as no released kernel writes it. */
function stateWith(hex: string) {
  const bytes = hex.replace(/\s/g, '')
  return stateOfCalls([
    ...pagesAt(PAGES),
    { remove_subtree: { name: 'LUO' } },
    { add_subtree: { name: 'LUO', size: bytes.length / 2, contents: { hex: bytes } } },
  ])
}

const FLAGS = `${mask} ${mask} ${mask} ${'00'.repeat(104)} ${POINTERS}`

function kernelFile(features: KernelFeature[], versions: string[] = []): KernelFile {
  return {
    form: 'vmlinux',
    machine: 'x86_64',
    pageSize: 4096,
    packed: [],
    release: '7.9.0',
    kho: ['kho-v4'],
    luo: [],
    sections: { features, versions },
    has: name => ['memfd', 'kexec-metadata'].includes(name),
  }
}

const feature = (name: string, supported: bigint): KernelFeature => {
  return { name, featureBytes: 8, supported, required: 0n, active: 0n }
}

describe('LUO by feature flags, as posted', () => {
  it('is decoded, 152 bytes, with its sessions', async () => {
    const state = await stateWith(FLAGS)
    expect(jsonAt(state, 'luo')).toMatchObject({
      format: 'luo-features',
      value: {
        form: 'struct',
        compatible: 'features 0x7, required 0x7',
        features: { supported: '0x7', required: '0x7', active: '0x7' },
        liveupdateNumber: 3,
        sessions: [{ name: 'vm', files: [{ token: '9', struct: { type: 'memfd_luo_ser_flags' } }] }],
      },
    })
    expect(
      schema.safeParse(JSON.parse(jsonLine({ schema: 'kho/dump/1', ...documentJson(state) }))).error,
    ).toBeUndefined()
    const { outcome } = validateState(state, { reader: '7.2' })
    expect(outcome).toMatchObject({ word: 'oops', why: ['LUO-COMPATIBLE'] })
    expect(ownerSets(state.tracker.decode.pages, ownershipOf(state)).dangling).toEqual([])
  })

  it('is taken for it only where the masks make sense', async () => {
    const odd = [
      FLAGS.replace(mask, '0300000000000000'),
      FLAGS.replace('00'.repeat(104), `01${'00'.repeat(103)}`),
      FLAGS.replaceAll(mask, 'ffffffffffffffff'),
    ]
    for (const hex of odd)
      expect((await stateWith(hex)).blobs().find(({ path }) => path === 'luo')?.format).toBe('bytes')
  })

  it('is compared with the masks that a kernel lists', async () => {
    const offer = stateOffer(await stateWith(FLAGS), 'a dump')
    expect(offer.features).toEqual([
      { name: 'luo', required: 7n },
      { name: 'memfd', required: 3n },
    ])
    const rowsOf = (features: KernelFeature[]) => {
      const taker = { name: 'next', kernel: readingKernel('7.3'), file: kernelFile(features), modules: [] }
      const rows = takeOver(offer, taker).filter(({ component }) => component.startsWith('features of'))
      return rows.map(({ component, reads, outcome }) => [component, reads, outcome])
    }
    expect(rowsOf([feature('luo', 7n), feature('memfd', 1n)])).toEqual([
      ['features of luo', 'supports 0x7', 'ok'],
      ['features of memfd', 'supports 0x1', 'oops'],
    ])
    expect(rowsOf([])).toEqual([
      ['features of luo', 'none', 'oops'],
      ['features of memfd', 'none', 'oops'],
    ])
  })
})

describe('LUO with a compatible string of parts, as posted', () => {
  it('is decoded, 40 bytes', async () => {
    const state = await stateWith(`${text('luo-v5;block-v1', 16)} ${POINTERS}`)
    expect(jsonAt(state, 'luo')).toMatchObject({
      format: 'luo-parts',
      value: {
        compatible: 'luo-v5;block-v1',
        features: null,
        liveupdateNumber: 3,
        sessions: [{ name: 'vm' }],
      },
    })
  })
})

describe('damage to a posted form', () => {
  it.each([
    ['features', FLAGS, 136],
    ['parts', `${text('luo-v5;block-v1', 16)} ${POINTERS}`, 24],
  ])('breaks the pointer to the sessions where the form has it: %s', async (_, hex, offset) => {
    const state = await stateWith(hex)
    const at = state.blobs().find(({ path }) => path === 'luo')!.address! + offset
    const { done, memory } = damageState(state, [{ rule: 'LUO-NOT-SERIALISED', seed: 1 }])
    expect(done).toEqual([`sessions_pa at 0x${at.toString(16)} is 0`])
    const read = memory.read(at, 8)
    expect(read.ok && viewOf(read.bytes).getBigUint64(0, true)).toBe(0n)
    expect(damageState(state, [{ rule: 'LUO-POINTER', seed: 1 }]).done.join('')).toContain(at.toString(16))
  })
})

describe('a scenario in a posted form', () => {
  it('has all by feature flags: LUO and its memfds, with their contents', async () => {
    const state = await stateOfFixture('luo-features')
    expect(jsonAt(state, 'luo')).toMatchObject({
      format: 'luo-features',
      value: {
        features: { supported: '0x7', required: '0x7', active: '0x7' },
        sessions: [{ files: [{ compatible: 'memfd', struct: { type: 'memfd_luo_ser_flags' } }, {}] }],
      },
    })
    const [first, second] = stat(state).sessions.items![0]!.files
    expect(first).toMatchObject({ size: 0x6000, pages: 6, holes: 0, orders: [{ order: 0, folios: 6 }] })
    expect(second).toMatchObject({ size: 2 ** 21, orders: [{ order: 9, folios: 1 }] })
    expect(contentsOf(state, 'luo/sessions/vm/files/1').slice(0, 18)).toBe('by flags by flags ')
  })

  it('has strings with parts, which a released reader refuses', async () => {
    const state = await stateOfFixture('luo-parts')
    expect(state.compatible).toBe('kho-v4;radix-v1;vmalloc-v1')
    expect(jsonAt(state, 'luo')).toMatchObject({
      format: 'luo-parts',
      value: { compatible: 'luo-v5;block-v1' },
    })
    const { orphaned, dangling, duplicate } = ownerSets(state.tracker.decode.pages, ownershipOf(state))
    expect({ orphaned, dangling, duplicate }).toEqual({ orphaned: [], dangling: [], duplicate: [] })
    const { outcome } = validateState(state)
    expect(outcome).toMatchObject({ word: 'rejected', why: ['ROOT-COMPATIBLE'] })
    expect(contentsOf(state, 'luo/sessions/vm/files/1').slice(0, 18)).toBe('in parts in parts ')
  })

  it('differs in what is read, and not in what is preserved', async () => {
    const state = await stateOfFixture('luo-features')
    expect(diffStates(state, await stateOfFixture('luo-features')).same).toBe(true)
    const across = diffStates(await stateOfFixture('luo-parts'), state)
    expect(across.changes.map(({ path }) => path)).toContain('luo/sessions/vm/files/1')
  })

  it('is written in the words of a release again', async () => {
    const state = await stateOfFixture('luo-parts')
    const blobs = writingKernelNamed('7.2')
    const { losses, to } = convertState(state, { to: 'kho-v4', blobs })
    expect(to).toBe('kho-v4')
    expect(losses.map(({ path }) => path)).toContain('luo')
  })

  it('leads to no sessions before the reboot call', () => {
    const bytes = new Uint8Array(4096)
    for (const form of ['released', 'parts', 'features'] as const) {
      const size = writeLuoHead(bytes, form, { liveupdateNum: 3n, sessionsPa: 0x5000, flbsPa: 0x6000 })
      blankSessions(bytes, form)
      const view = new DataView(bytes.buffer, size - 24)
      expect([0, 8, 16].map(at => view.getBigUint64(at, true))).toEqual([3n, 0n, 0x6000n])
    }
  })

  it('takes a kernel whose LUO is a structure', () => {
    const parsed = SCENARIO.safeParse({
      machine: {
        kernel: '7.1',
        posted: 'parts',
        ram: ['1M-128M'],
        scratch: [{ address: '64M', size: '16M' }],
      },
    })
    expect(parsed.error?.issues[0]?.message).toBe('expected a kernel whose LUO is a structure, such as 7.2')
  })
})

describe('a kernel that lists versions, as posted earlier', () => {
  const taker = (versions: string[], features: KernelFeature[] = []) => {
    const file = kernelFile(features, versions)
    return { name: 'next', kernel: readingKernel('7.3'), file, modules: [] }
  }
  const rows = (offer: Parameters<typeof takeOver>[0], to: ReturnType<typeof taker>) =>
    takeOver(offer, to).map(({ component, writes, reads, outcome }) => [component, writes, reads, outcome])

  it('takes what the list has, and nothing else', async () => {
    const offer = stateOffer(await stateOfFixture('luo-two-sessions'), 'a dump')
    expect(rows(offer, taker(['luo-v5', 'memfd-v2']))).toEqual(
      expect.arrayContaining([
        ['LUO', 'luo-v5', 'luo-v5', 'ok'],
        ['file handler', 'memfd-v2', 'memfd-v2', 'ok'],
      ]),
    )
    expect(rows(offer, taker(['luo-v6', 'memfd-v3']))).toEqual(
      expect.arrayContaining([
        ['LUO', 'luo-v5', 'luo-v6', 'oops'],
        ['file handler', 'memfd-v2', 'none', 'error-reported'],
      ]),
    )
  })

  it('cannot read by versions where it goes by feature flags', async () => {
    const offer = stateOffer(await stateOfFixture('luo-two-sessions'), 'a dump')
    expect(rows(offer, taker([], [feature('luo', 7n)]))).toContainEqual([
      'LUO',
      'luo-v5',
      'feature flags',
      'oops',
    ])
  })

  it('is compared with another kernel by what both list', () => {
    const from = (file: KernelFile) => fileOffer(file, kernelNamed('7.3'), 'this one')
    const writes = [
      { ...feature('luo', 15n), required: 15n },
      { ...feature('memfd', 3n), required: 3n },
    ]
    const flags = rows(from(kernelFile(writes)), taker([], [feature('luo', 7n), feature('memfd', 3n)]))
    expect(flags).toEqual(
      expect.arrayContaining([
        ['features of luo', 'requires 0xf', 'supports 0x7', 'oops'],
        ['features of memfd', 'requires 0x3', 'supports 0x3', 'ok'],
      ]),
    )
    const versions = rows(from(kernelFile([], ['luo-v6', 'memfd-v2'])), taker(['luo-v5', 'memfd-v2']))
    expect(versions).toEqual(
      expect.arrayContaining([
        ['LUO', 'luo-v6', 'luo-v5', 'oops'],
        ['file handler', 'memfd-v2', 'memfd-v2', 'ok'],
      ]),
    )
  })
})

function contentsOf(state: KhoState, path: string): string {
  const out: Uint8Array[] = []
  writeContents(state, planExtract(state, resolve(state, path)), bytes => void out.push(bytes.slice()))
  return Buffer.concat(out).toString()
}

import { describe, expect, it } from 'vitest'
import type { KernelFeature, KernelFile } from '../../../formats/kernel-files/index.js'
import { readingKernel } from '../../../formats/kernels/index.js'
import { stateOffer } from '../../../src/abi/offer.js'
import { takeOver } from '../../../src/abi/take-over.js'
import { schema } from '../../../src/commands/dump/schema.js'
import { ownerSets } from '../../../src/owners/algebra.js'
import { ownershipOf } from '../../../src/owners/ownership.js'
import { jsonLine } from '../../../src/render/json.js'
import { documentJson } from '../../../src/render/view-json.js'
import { validateState } from '../../../src/validate/validate.js'
import { jsonAt, pagesAt, stateOfCalls } from '../model/described-states.js'

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

function kernelFile(features: KernelFeature[]): KernelFile {
  return {
    form: 'vmlinux',
    machine: 'x86_64',
    packed: [],
    release: '7.9.0',
    kho: ['kho-v4'],
    luo: [],
    sections: { features, versions: [] },
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

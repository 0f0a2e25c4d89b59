import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadStates } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import type { Node } from '../../../src/model/node.js'
import { resolve } from '../../../src/model/resolve.js'
import { stateNode } from '../../../src/model/state.js'
import { openImage } from '../../../src/node/open.js'
import { ownershipOf } from '../../../src/owners/ownership.js'
import { viewJson } from '../../../src/render/view-json.js'
import { validateState } from '../../../src/validate/validate.js'
import { describeWith, namesIn } from '../../material.js'
import { fixture, kho } from '../cli/kho.js'

/** Paths of a part and of all below it, by every name that is offered; of long lists the ends. */
function* pathsBelow(node: Node, path: string): Generator<string> {
  if (path !== '') yield path
  const names = [...new Set(node.names())]
  const some =
    node.view.form === 'many' && names.length > 6 ? [...names.slice(0, 3), ...names.slice(-2)] : names
  for (const name of some) {
    const below = resolveBelow(node, name)
    if (below === null) continue
    yield* pathsBelow(below, path === '' ? name : `${path}/${name}`)
  }
}

/** Names are written as in a path. */
function resolveBelow(node: Node, name: string): Node | null {
  if (name.startsWith('#')) return node.step(Number(name.slice(1)))
  return node.step(decodeURIComponent(name.replace(/%([89A-F][0-9A-F])/g, '%C2%$1')))
}

function checkState(state: KhoState): number {
  const root = stateNode(state)
  let count = 0
  for (const path of pathsBelow(root, '')) {
    const node = resolve(state, path)
    // What a path leads to is shown, has bytes or says that it has none, and has a path that leads back to it.
    expect(() => JSON.stringify(viewJson(state, node.view)), path).not.toThrow()
    expect(resolve(state, node.path).path, path).toBe(node.path)
    expect(resolve(state, node.path).memory.extents, path).toEqual(node.memory.extents)
    count++
  }
  const ownership = ownershipOf(state)
  for (let id = 0; id < ownership.count; id++) {
    expect(resolve(state, ownership.path(id)).path).toBe(ownership.path(id))
  }
  for (const { path } of validateState(state).findings) {
    if (path !== null) expect(() => resolve(state, path), path).not.toThrow()
  }
  return count
}

async function checkImage(file: string): Promise<number> {
  const image = await openImage(file)
  try {
    return loadStates(image).reduce((sum, state) => sum + checkState(state), 0)
  } finally {
    image.close()
  }
}

it.each(['basic-1g.s1-kexec', 'basic-1g.s2-early', 'chain-512m.s2-kexec'])(
  'every path of %s that one command names is a path of every other',
  async name => {
    expect(await checkImage(fixture(name))).toBeGreaterThan(100)
  },
)

describeWith('KHO_TEST_CAPTURES', 'every path of a capture leads somewhere', folder => {
  it.each(namesIn(folder, '.elf'))('%s', async name => {
    expect(await checkImage(join(folder, `${name}.elf`))).toBeGreaterThan(50)
  })
})

describeWith('KHO_TEST_CORPUS', 'every path of the corpus leads somewhere', folder => {
  it.each([
    'kho-v1-6.16/reserve_mem_subfdts',
    'kho-v1-6.19/kho_test',
    'kho-v1-6.19/vmalloc',
    'kho-v2-7.0/boundaries.16k',
    'kho-v4-7.2/kho_test',
    'kho-v4-7.2/reserve_mem_subfdts',
    'v5/reserve_mem_subfdts',
  ])('%s', async name => {
    expect(await checkImage(join(folder, `${name}.img.zst`))).toBeGreaterThan(20)
  })
})

describe('dump, hex and extract', () => {
  const image = fixture('basic-1g.s1-kexec')

  it.each([
    ['luo/value/liveupdateNumber', true],
    ['luo/liveupdateNum', true],
    ['luo/sessions/vm-a/files/2/memfd/pos', true],
    ['luo/sessions/vm-a/files/2/position', true],
    ['luo/sessions/vm-a/fileSetSer/count', true],
    ['luo/sessions/vm-a/files/2/folios/#0/dirty', false],
    ['tracker/format', false],
    ['handoff/direction', false],
    ['blobs/memblock/value/regions', false],
    ['fdt/LUO/preserved-data/u64', false],
  ])('%s: each shows it, or says that it has no bytes', async (path, hasBytes) => {
    const dump = await kho(['dump', image, path])
    expect(dump).toMatchObject({ code: 0, err: '' })
    const hex = await kho(['hex', image, path])
    const extract = await kho(['extract', image, path, '-o', '-'])
    if (hasBytes) {
      expect([hex.code, extract.code]).toEqual([0, 0])
    } else {
      expect([hex.code, extract.code]).toEqual([2, 2])
      expect(hex.err).toContain('has no bytes of its own')
      expect(extract.err).toContain('has no bytes of its own')
    }
  })
})

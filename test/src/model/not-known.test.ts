import { describe, expect, it } from 'vitest'
import { schema } from '../../../src/commands/dump/schema.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoImage } from '../../../src/image/open.js'
import type { KhoState } from '../../../src/image/state.js'
import { resolve } from '../../../src/model/resolve.js'
import { openImage } from '../../../src/node/open.js'
import { jsonLine } from '../../../src/render/json.js'
import { documentJson, viewJson } from '../../../src/render/view-json.js'
import { fixture } from '../cli/kho.js'

const PAGE = 4096

/** An image without one page. */
function without(image: KhoImage, page: number): KhoImage {
  const { memory } = image
  return {
    ...image,
    memory: {
      ...memory,
      read(phys, length) {
        const touches = phys < page + PAGE && phys + length > page
        return touches
          ? { ok: false, reason: 'excluded', address: Math.max(phys, page) }
          : memory.read(phys, length)
      },
    },
  }
}

function shown(state: KhoState, path: string): unknown {
  return JSON.parse(jsonLine(viewJson(state, resolve(state, path).view)))
}

/** What is shown of a part once the page that another part begins in is gone. */
async function withoutPageOf(path: string, part: string): Promise<{ value: unknown; state: KhoState }> {
  const image = await openImage(fixture('basic-1g.s1-kexec'))
  const { start } = resolve(loadState(image), path).memory.extents[0]!
  const state = loadState(without(image, start - (start % PAGE)))
  // Whatever is missing, the document is one of its schema.
  const document = JSON.parse(jsonLine({ schema: 'kho/dump/1', ...documentJson(state) }))
  expect(schema.safeParse(document).error).toBeUndefined()
  return { value: shown(state, part), state }
}

describe('what rests on a page that is not there is null, with the reason', () => {
  it.each([
    ['luo/blocks/#0', 'luo/value', 'sessions', null],
    ['luo/sessions/vm-a/blocks/#0', 'luo/sessions/vm-a', 'files', null],
    ['luo/flbs', 'luo/value', 'flbs', null],
    ['luo/flbs', 'luo/value', 'flbCount', null],
    ['luo/sessions/vm-a/files/1/memfd', 'luo/sessions/vm-a/files/1', 'memfd', null],
    ['luo/sessions/vm-a/files/1/vmalloc/chunks/#0', 'luo/sessions/vm-a/files/1/memfd', 'folios', null],
    ['luo/sessions/vm-a/files/1/vmalloc/chunks/#0', 'luo/sessions/vm-a/files/1/vmalloc', 'runs', null],
    ['luo/sessions/vm-a/files/1/vmalloc/runs/#0', 'luo/sessions/vm-a/files/1/memfd', 'folios', null],
    ['kexec-metadata', 'kexec-metadata', 'value', null],
    ['memblock', 'memblock', 'value', null],
    ['tracker', 'tracker', 'blocks', null],
    ['tracker', 'tracker', 'orders', null],
  ])('without %s: %s/%s', async (gone, part, field, expected) => {
    const { value } = await withoutPageOf(gone, part)
    expect(value).toMatchObject({ [field]: expected, notKnown: { [field]: expect.any(String) } })
  })

  it('but where the page would be is known, and has a path', async () => {
    const { value, state } = await withoutPageOf('luo/blocks/#0', 'luo/blocks')
    const [block] = value as { address: string; count: number | null }[]
    expect(block).toMatchObject({ count: null })
    const { extents } = resolve(state, `luo/blocks/${block!.address}`).memory
    expect(extents).toEqual([{ start: Number(block!.address), end: Number(block!.address) + PAGE }])
  })

  it('and a list that there is none of stays one of no elements', async () => {
    const image = await openImage(fixture('reserve-only-256m.s1-kexec'))
    const state = loadState(image)
    for (const { path, value } of state.blobs()) {
      if (value?.kind !== 'luo') continue
      expect(shown(state, path)).not.toHaveProperty('value.notKnown')
    }
    expect(shown(state, 'memblock/value')).toMatchObject({ regions: expect.any(Array) })
    image.close()
  })
})

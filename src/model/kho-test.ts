import type { Blob, KhoTest } from '../../formats/blobs/index.js'
import { appendPath } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { rangeAt } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { type ClaimTraits, listClaims } from './claim.js'
import { extentsContent } from './content.js'
import { treeMemory } from './fdt.js'
import {
  absent,
  address,
  count,
  defineKind,
  list,
  NO_MEMORY,
  name,
  notKnown,
  one,
  opaque,
  text,
} from './kind.js'
import type { Piece } from './piece.js'
import { type Area, VMALLOC } from './vmalloc.js'

interface Folio {
  test: KhoTest
  n: number
}

const FOLIO = defineKind<Folio>({
  what: 'folio',
  fields: {
    address: address(({ test, n }) => test.folios.address[n] || null, { orNull: 'no address with an order' }),
    order: count(({ test, n }) => test.folios.order[n]!),
  },
  memory({ test: { folios }, n }, { geometry }) {
    const start = folios.address[n] as number
    const size = geometry.pageSize * 2 ** folios.order[n]!
    return start === 0 ? NO_MEMORY : { extents: [rangeAt(start, size)] }
  },
})

const missing = { orNull: 'missing', change: 'content-changed' } as const

/** What lib/test_kho.c hands over. */
export const KHO_TEST = defineKind<{ blob: Blob; value: KhoTest }>({
  what: 'kho_test',
  fields: {
    compatible: name(({ value }) => value.compatible),
    magic: opaque(({ value }) => value.magic, missing),
    nrFolios: count(({ value }) => value.nrFolios, missing),
    csum: opaque(({ value }) => value.csum, missing),
    form: text(({ value }) => value.form, {
      orNull: 'missing',
      values: ['array', 'vmalloc'],
      change: 'version',
    }),
    vmalloc: one(VMALLOC, ({ value }, state) => areaOf(state, value), { orNull: 'null in the other form' }),
    folios: list('list of folios', FOLIO, ({ value }) => foliosOf(value), {
      *claims({ value }, { state }, path) {
        const { address: starts } = value.folios
        const traits: ClaimTraits = { kind: 'data', version: value.compatible, preserved: true }
        const sizes = sizesOf(state, value)
        yield listClaims(
          starts,
          sizes.map((size, n) => (starts[n] === 0 ? 0 : size)),
          traits,
          n => appendPath(path, n),
        )
      },
      claimsAll: true,
    }),
  },
  memory: ({ blob }, state, path) => treeMemory(state, blob, path),
  // Folios are one thing: they have no names.
  item: {
    kind: 'blob',
    content({ value }, state) {
      const { address: starts } = value.folios
      const sizes = sizesOf(state, value)
      return extentsContent(
        [...starts].map((start, n) => rangeAt(start, sizes[n]!)),
        true,
      )
    },
  },
})

function sizesOf({ geometry }: KhoState, { folios }: KhoTest): Float64Array {
  return Float64Array.from(folios.order, order => geometry.pageSize * 2 ** order)
}

function foliosOf(test: KhoTest) {
  const { gap, folios } = test
  if (gap !== null && folios.count === 0) return notKnown(absent('its memory', gap))
  const item = (n: number): Folio => ({ test, n })
  return { length: folios.count, item, ...(gap === null ? {} : { missing: absent('a part', gap) }) }
}

/** The area holds u64s: an address with an order in its low bits. */
function areaOf({ geometry }: KhoState, { vmalloc, compatible }: KhoTest): Area | null {
  if (vmalloc === null) return null
  return {
    vmalloc,
    traits: { kind: 'metadata', version: compatible, preserved: true },
    runPiece: (at, size): Piece => ({
      kind: 'words',
      address: at,
      count: size / 8,
      name: 'folio',
      meaning: value => {
        const order = Number(value % BigInt(geometry.pageSize))
        return value === 0n ? 'none' : `${hex(value - BigInt(order))}, order ${order}`
      },
    }),
  }
}

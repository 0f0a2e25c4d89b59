import { KhoError } from '../../formats/error.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import {
  addRun,
  countBlocks,
  createPageSet,
  hasBlock,
  orderBits,
  type PageSet,
  SPAN_BITS,
  writableSpan,
} from '../../formats/pages/page-set.js'
import type { CallArguments } from '../scenario/calls-schema.js'
import { createRandom, type Random } from '../scenario/random.js'

/** Every block of one order that lies whole in the range. */
export function allBlocks(geometry: Geometry, { range, order }: CallArguments<'preserve_all'>): PageSet {
  const set = createPageSet(geometry.pageShift)
  const { first, end } = blocksIn(range, geometry.pageSize * 2 ** order)
  addRun(set, order, first, end - first)
  return set
}

/**
 * Blocks strewn over a range. The range is divided into blocks of the largest order asked for; each of those is given
 * to one order, so that blocks of different orders do not overlap.
 */
export function randomBlocks(
  geometry: Geometry,
  args: CallArguments<'preserve_random'>,
  seed: number,
): PageSet {
  const set = createPageSet(geometry.pageShift)
  const random = createRandom(seed)
  const chosen = [...new Set(args.orders)].sort((a, b) => a - b)
  const top = chosen.at(-1)!
  const { first, end } = blocksIn(args.range, geometry.pageSize * 2 ** top)
  if (end <= first)
    throw new KhoError('usage', `a range to strew blocks over has no room for one of order ${top}`)
  if (args.density !== undefined) strew(set, { first, end, top, orders: chosen }, args.density, random)
  else pick(set, { first, end, top, orders: chosen }, args.count!, random)
  return set
}

interface Field {
  /** Blocks of the top order. */
  first: number
  end: number
  top: number
  orders: readonly number[]
}

function blocksIn(range: { start: number; end: number }, size: number): { first: number; end: number } {
  const first = Math.ceil(range.start / size)
  return { first, end: Math.max(first, Math.floor(range.end / size)) }
}

function strew(set: PageSet, field: Field, density: number, random: Random): void {
  if (field.orders.length === 1) {
    strewRun(set, field.top, field.first, field.end, density, random)
    return
  }
  for (let big = field.first; big < field.end; big++) {
    const order = field.orders[random.below(field.orders.length)]!
    const per = 2 ** (field.top - order)
    strewRun(set, order, big * per, (big + 1) * per, density, random)
  }
}

/** Sets each bit of a run with a probability, 32 at a time. */
function strewRun(
  set: PageSet,
  order: number,
  first: number,
  end: number,
  density: number,
  random: Random,
): void {
  if (density === 1) {
    addRun(set, order, first, end - first)
    return
  }
  const bits = orderBits(set, order)
  for (let at = first; at < end; ) {
    const span = Math.floor(at / SPAN_BITS)
    const words = writableSpan(bits, span)
    const stop = Math.min(end, (span + 1) * SPAN_BITS)
    while (at < stop) {
      const bit = at % 32
      const count = Math.min(32 - bit, stop - at)
      const mask = count === 32 ? 0xffffffff : ((1 << count) - 1) << bit
      const index = Math.floor((at - span * SPAN_BITS) / 32)
      words[index] = words[index]! | (randomWord(density, random) & mask)
      at += count
    }
  }
}

/** 32 bits, each set with a probability in steps of 2^-16: its binary digits, lowest first, `or` a 1 and `and` a 0. */
function randomWord(density: number, random: Random): number {
  const digits = Math.max(1, Math.min(2 ** 16 - 1, Math.round(density * 2 ** 16)))
  let word = 0
  for (let n = 0; n < 16; n++) {
    if (((digits >>> n) & 1) === 1) word |= random.word()
    else if (word !== 0) word &= random.word()
  }
  return word
}

/** Most blocks that are picked one by one. */
const MOST_PICKED = 2 ** 22

function pick(set: PageSet, field: Field, count: number, random: Random): void {
  const owner = new Map<number, number>()
  const orderOf = (big: number) => {
    let order = owner.get(big)
    if (order === undefined) {
      order = field.orders[random.below(field.orders.length)]!
      owner.set(big, order)
    }
    return order
  }
  const pageSize = 2 ** set.pageShift
  const most = Math.max(...field.orders.map(order => (field.end - field.first) * 2 ** (field.top - order)))
  if (count > Math.min(most, MOST_PICKED)) {
    const room = most < MOST_PICKED ? `has room for ${most}` : `takes ${MOST_PICKED} at most; give a density`
    throw new KhoError('usage', `a range to strew ${count} blocks over ${room}`)
  }
  let missing = count
  // A field that is nearly full is not worth waiting for.
  for (let tries = count * 64; missing > 0 && tries > 0; tries--) {
    const big = field.first + random.below(field.end - field.first)
    const order = field.orders.length === 1 ? field.top : orderOf(big)
    const block = big * 2 ** (field.top - order) + random.below(2 ** (field.top - order))
    if (hasBlock(set, block * 2 ** order * pageSize, order)) continue
    addRun(set, order, block, 1)
    missing--
  }
  if (missing > 0) {
    const have = field.orders.reduce((sum, order) => sum + countBlocks(set, order), 0)
    throw new KhoError('usage', `a range to strew ${count} blocks over had room for ${have}`)
  }
}

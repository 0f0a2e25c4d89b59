import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import type { ItemKind } from '../model/kind.js'
import { type ContentBudget, compareContents, contentDigest } from './content.js'
import type { Item } from './item.js'

/** An item of both states. */
export interface Pair {
  a: Item
  b: Item
  /** Why two items with different names are held to be one; null where the names are the same. */
  renamed: string | null
}

/** Which item of one state is which of the other. */
export interface Matching {
  pairs: Pair[]
  onlyA: Item[]
  onlyB: Item[]
}

/** What is read to tell items by their contents. */
export interface Memories {
  a: PhysicalMemory
  b: PhysicalMemory
  budget: ContentBudget
}

type Sides = [a: Item[], b: Item[]]

/**
 * Pairs items by name, then what is left by what it is: the same frames, the same contents, the same shape where there
 * is one of it only; sessions by their files.
 */
export function matchItems(a: readonly Item[], b: readonly Item[], memories: Memories): Matching {
  const pairs: Pair[] = []
  let left: Sides = [[], []]
  const pairUp = (
    keyA: KeyOf,
    keyB: KeyOf,
    why: string | null,
    accept: (x: Item, y: Item) => boolean = () => true,
  ) => {
    left = pairBy(left, keyA, keyB, (x, y) => {
      if (!accept(x, y)) return false
      pairs.push({ a: x, b: y, renamed: why })
      return true
    })
  }
  const byName: KeyOf = item => item.key
  const inStep = sameNames(a, b)
  for (let n = 0; n < inStep; n++) pairs.push({ a: a[n]!, b: b[n]!, renamed: null })
  left = [a.slice(inStep), b.slice(inStep)]
  pairUp(byName, byName, null)
  if (left[0].length > 0 && left[1].length > 0) {
    pairUp(frameKey, frameKey, 'the same frames')
    const sizes = commonSizes(left)
    const byContent =
      (memory: PhysicalMemory): KeyOf =>
      item =>
        contentKey(item, memory, sizes, memories.budget)
    pairUp(byContent(memories.a), byContent(memories.b), 'the same contents')
    pairUp(shapeKey, shapeKey, 'the same shape; contents not known to be the same', (x, y) =>
      mayBeSame(x, y, memories),
    )
    const sessions = sessionPairs(pairs, left)
    pairUp(
      item => (item.kind === 'session' ? item.key : null),
      item => (item.kind === 'session' ? (sessions.get(item.key) ?? null) : null),
      'the same files',
    )
    const paired = new Map(pairs.map(pair => [pair.b.key, pair.a.key]))
    pairUp(
      item => (item.kind === 'file' ? item.key : null),
      item => (item.kind === 'file' ? keyInPaired(item, paired) : null),
      'its session has another name',
    )
  }
  return { pairs: inOrder(pairs, a), onlyA: left[0], onlyB: left[1] }
}

/** How many items both states begin with: states of one machine mostly list the same things in the same order. */
function sameNames(a: readonly Item[], b: readonly Item[]): number {
  let n = 0
  while (n < a.length && n < b.length && a[n]!.key === b[n]!.key && a[n]!.kind === b[n]!.kind) n++
  return n
}

/** Tells files whose names differ only by that of their session, which is said already. */
export function followsParent(pairs: readonly Pair[]): (pair: Pair) => boolean {
  let paired: Map<string, string> | undefined
  return ({ a, b }) => {
    if (b.parent === null || lastName(a) !== lastName(b)) return false
    paired ??= new Map(pairs.map(pair => [pair.b.key, pair.a.key]))
    return paired.get(b.parent) === a.parent
  }
}

/** What an item is paired by, beside its kind; null where it is not. */
type KeyOf = (item: Item) => string | null

/** Pairs items of a kind with equal keys in their order. Items whose key is null stay. */
function pairBy([a, b]: Sides, keyA: KeyOf, keyB: KeyOf, take: (x: Item, y: Item) => boolean): Sides {
  const byKind = new Map<ItemKind, Map<string, Item | Item[]>>()
  for (const item of a) {
    const key = keyA(item)
    if (key === null) continue
    let byKey = byKind.get(item.kind)
    if (byKey === undefined) {
      byKey = new Map()
      byKind.set(item.kind, byKey)
    }
    // Names are of one item each.
    const known = byKey.get(key)
    if (known === undefined) byKey.set(key, item)
    else if (Array.isArray(known)) known.push(item)
    else byKey.set(key, [known, item])
  }
  for (const byKey of byKind.values()) {
    for (const list of byKey.values()) if (Array.isArray(list)) list.reverse()
  }
  const taken = new Set<Item>()
  const rest = b.filter(item => {
    const key = keyB(item)
    const byKey = key === null ? undefined : byKind.get(item.kind)
    const known = byKey?.get(key!)
    const other = Array.isArray(known) ? known.at(-1) : known
    if (other === undefined || !take(other, item)) return true
    if (Array.isArray(known)) known.pop()
    else byKey!.delete(key!)
    taken.add(other)
    return false
  })
  return [a.filter(item => !taken.has(item)), rest]
}

function frameKey(item: Item): string | null {
  const { data } = item
  if (data.starts.length === 0) return null
  const hash = sha256.create()
  for (const values of [data.starts, data.ends]) hash.update(new Uint8Array(Float64Array.from(values).buffer))
  return bytesToHex(hash.digest())
}

/** Sizes that items of both sides have: only those are worth reading. */
function commonSizes([a, b]: Sides): Set<number> {
  const sizes = (items: readonly Item[]) => new Set(items.map(item => item.size ?? 0))
  const others = sizes(b)
  return new Set([...sizes(a)].filter(size => size > 0 && others.has(size)))
}

function contentKey(
  item: Item,
  memory: PhysicalMemory,
  sizes: ReadonlySet<number>,
  budget: ContentBudget,
): string | null {
  const { kind, size, content } = item
  if (kind !== 'file' || content === null || content.incomplete !== null) return null
  if (size === null || !sizes.has(size)) return null
  const digest = contentDigest({ memory, content }, budget)
  return digest === null ? null : `${size}:${digest}`
}

/** Fields that a rename leaves alone. */
function shapeKey(item: Item): string | null {
  const { kind, size, fields } = item
  if (kind !== 'file' || size === null || size === 0) return null
  const kept = fields.filter(field => field.class !== 'address').map(({ name, value }) => `${name}=${value}`)
  return `${size}:${kept.join(';')}`
}

function mayBeSame(a: Item, b: Item, { a: left, b: right, budget }: Memories): boolean {
  if (a.content === null || b.content === null) return false
  const found = compareContents(
    { memory: left, content: a.content },
    { memory: right, content: b.content },
    budget,
  )
  const unknown = found.unknownA + found.unknownB + found.skipped
  return found.differentUnits === 0 && unknown > 0
}

/** Sessions without a pair, by the files that they share most of: key in b to key in a. */
function sessionPairs(pairs: readonly Pair[], [a, b]: Sides): Map<string, string> {
  const freeA = new Set(a.filter(item => item.kind === 'session').map(item => item.key))
  const freeB = new Set(b.filter(item => item.kind === 'session').map(item => item.key))
  const votes = new Map<string, Map<string, number>>()
  for (const { a: x, b: y } of pairs) {
    if (x.kind !== 'file' || x.parent === null || y.parent === null) continue
    if (!freeA.has(x.parent) || !freeB.has(y.parent)) continue
    const list = votes.get(x.parent) ?? new Map<string, number>()
    list.set(y.parent, (list.get(y.parent) ?? 0) + 1)
    votes.set(x.parent, list)
  }
  const found = new Map<string, string>()
  for (const [from, list] of votes) {
    const [best] = [...list].filter(([key]) => freeB.has(key)).sort((x, y) => y[1] - x[1])
    if (best === undefined) continue
    found.set(best[0], from)
    freeB.delete(best[0])
  }
  return found
}

/** The key that a file has in the first state when its session is the same there under another name. */
function keyInPaired(file: Item, paired: ReadonlyMap<string, string>): string | null {
  const parent = file.parent === null ? undefined : paired.get(file.parent)
  return parent === undefined ? null : `${parent}${file.key.slice(file.parent!.length)}`
}

function lastName(item: Item): string {
  return item.key.slice(item.key.lastIndexOf('/') + 1)
}

/** Pairs in the order of `a`. */
function inOrder(pairs: readonly Pair[], a: readonly Item[]): Pair[] {
  // Two states of one machine mostly have them in one order.
  if (pairs.length === a.length && a.every((item, n) => pairs[n]!.a === item)) return [...pairs]
  const byItem = new Map(pairs.map(pair => [pair.a, pair]))
  return a.flatMap(item => byItem.get(item) ?? [])
}

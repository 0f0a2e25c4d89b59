import { appendPath } from '../layout/index.js'
import { type Absence, hex } from '../memory/fault.js'
import { type Range, rangeAt, rangeSize } from '../memory/range.js'
import { u64, viewOf } from '../memory/u64.js'
import { type ClaimSink, type Claims, claimSink } from './claims.js'
import type { Compiled, CompiledStruct, Link, Nested } from './compile.js'
import { follow } from './follow.js'
import { addressKey, vmallocKey } from './keys.js'
import type { DescribedNode, FollowContext, Followed } from './node.js'

/** Where a walk begins. */
export interface DescribedRoot {
  /** Of the structure: its fields are appended to it. */
  path: string
  all: Compiled
  node: DescribedNode
  /** True where somebody else has said that the structure's own memory is taken. */
  claimed: boolean
}

/** What structures lead to, each thing once. */
export interface DescribedIndex {
  /** By the path of a field: where it leads. Not of what only names memory, nor of what another path has. */
  followed: ReadonlyMap<string, Followed>
  /** By the path of a field: the path that has what it leads to. */
  elsewhere: ReadonlyMap<string, string>
  /** Memory by the path of the root. */
  claims: ReadonlyMap<string, readonly Claims[]>
  /** What the dump lacks on the way. */
  missing: readonly { path: string; address: number; reason: Absence }[]
  /** True where there was more than an input of this size has room for. */
  cut: boolean
}

/** A structure that is to be looked at. */
interface Open {
  node: DescribedNode
  path: string
  root: DescribedRoot
  /** Steps from the root. */
  depth: number
}

/** A field that leads to one structure: looked at when all lists are known. */
interface Pointer extends Open {
  link: Link
}

/** State of a walk. */
interface Walk {
  context: FollowContext
  followed: Map<string, Followed>
  elsewhere: Map<string, string>
  sinks: Map<string, ClaimSink>
  missing: DescribedIndex['missing'][number][]
  /** Path by what it is and where it lies. */
  homes: Map<string, string>
  open: Open[]
  pointers: Pointer[]
  /** Structures that may still be looked at, and entries of lists: as many as the input has room for. */
  budget: number
  entries: number
  /** True where something lies further from its root than is gone. */
  deep: boolean
}

/** Structures that are looked at however large the input is, and steps from a root to one. */
const MOST_STRUCTS = 2 ** 22
const MOST_DEPTH = 256

/** Characters of a path that cost as much as a structure. */
const PATH_COST = 64

/**
 * Goes wherever structures lead. What several fields lead to has one path, of a list where it is an entry of one; lists
 * come first.
 */
export function walkDescribed(context: FollowContext, roots: readonly DescribedRoot[]): DescribedIndex {
  const walk: Walk = {
    context,
    followed: new Map(),
    elsewhere: new Map(),
    sinks: new Map(roots.map(({ path }) => [path, claimSink()])),
    missing: [],
    homes: new Map(),
    open: [],
    pointers: [],
    budget: Math.min(Math.ceil(context.memory.inputSize / 64) + 2 ** 16, MOST_STRUCTS),
    deep: false,
    entries: Math.ceil(context.memory.inputSize / 16) + 2 ** 16,
  }
  for (const root of roots) {
    const { path, node, claimed } = root
    if (!claimed && node.address !== null) {
      sinkOf(walk, root).add('metadata', rangeAt(node.address, node.bytes.length), path)
    }
    settle(walk, root.all, node, path)
    walk.open.push({ node, path, root, depth: 0 })
  }
  for (;;) {
    const next = walk.open.pop()
    if (next !== undefined) visit(walk, next)
    else {
      const pointer = walk.pointers.shift()
      if (pointer === undefined) break
      goTo(walk, pointer)
    }
    if (walk.budget <= 0 || walk.entries <= 0) break
  }
  const claims = new Map([...walk.sinks].map(([path, sink]) => [path, sink.list()]))
  const { followed, elsewhere, missing, budget, entries, deep } = walk
  return { followed, elsewhere, claims, missing, cut: deep || budget <= 0 || entries <= 0 }
}

function sinkOf(walk: Walk, root: DescribedRoot): ClaimSink {
  return walk.sinks.get(root.path)!
}

/** Notes where a structure is, if an address can lead to it. */
function settle(walk: Walk, all: Compiled, { compiled, address }: DescribedNode, path: string): void {
  if (address === null || !all.pointedTo.has(compiled.name)) return
  const key = structKey(compiled, address)
  if (!walk.homes.has(key)) walk.homes.set(key, path)
}

function structKey({ name }: CompiledStruct, address: number): string {
  return `${name} ${address}`
}

function visit(walk: Walk, open: Open): void {
  const { node, path, root, depth } = open
  walk.budget -= 1 + path.length / PATH_COST
  if (depth >= MOST_DEPTH) {
    walk.deep = true
    return
  }
  for (const link of node.compiled.links) {
    const at = appendPath(path, link.key)
    if (link.to.kind === 'struct') walk.pointers.push({ ...open, link, path: at })
    else if (isList(link)) enterList(walk, open, link, at)
    else addMemory(walk, open, link, at)
  }
  for (const inner of node.compiled.nested) {
    const part = nestedNode(node, inner)
    const at = appendPath(path, inner.key)
    settle(walk, root.all, part, at)
    visit(walk, { node: part, path: at, root, depth })
  }
}

/** A structure within another, as a structure. */
export function nestedNode({ address, bytes }: DescribedNode, { field, compiled }: Nested): DescribedNode {
  const { offset } = field
  return {
    compiled,
    address: address === null ? null : address + offset,
    bytes: bytes.subarray(offset, offset + compiled.struct.size),
  }
}

function isList({ to }: Link): boolean {
  return to.kind === 'blocks' || to.kind === 'chain' || to.kind === 'vmalloc' || to.kind === 'tail'
}

/** Pages, a folio, or page tables. */
function addMemory(walk: Walk, { root, node }: Open, link: Link, path: string): void {
  const found = follow(walk.context, node, link, path)
  const cut = path.lastIndexOf('/') + 1
  const place = link.to.kind === 'tables' ? null : `${path.slice(0, cut)}${addressKey(link.key)}`
  const sink = sinkOf(walk, root)
  found.data.forEach((range, n) => {
    sink.add('data', range, place ?? appendPath(path, n))
  })
  walk.entries -= found.data.length
  if (link.to.kind === 'tables') walk.followed.set(path, found)
  note(walk, found, path)
}

function note(walk: Walk, { missing }: Followed, path: string): void {
  if (missing !== null) walk.missing.push({ ...missing, path })
}

/** True where a list was not gone through before. */
function isFirst(walk: Walk, key: string, path: string): boolean {
  const home = walk.homes.get(key)
  if (home === undefined) {
    walk.homes.set(key, path)
    return true
  }
  walk.elsewhere.set(path, home)
  return false
}

function goTo(walk: Walk, { node, link, path, root, depth }: Pointer): void {
  walk.budget--
  const value = u64(viewOf(node.bytes), link.field.offset)
  const target = link.target
  if (target === null) return
  if (value !== 0 && !isFirst(walk, structKey(target, value), path)) return
  const found = follow(walk.context, node, link, path)
  walk.followed.set(path, found)
  note(walk, found, path)
  for (const extent of found.extents) sinkOf(walk, root).add('metadata', extent, path)
  const inner = found.at(0)
  if (inner !== null) walk.open.push({ node: inner, path, root, depth: depth + 1 })
}

function enterList(walk: Walk, { root, node, depth }: Open, link: Link, path: string): void {
  const shared = link.to.kind === 'blocks' || link.to.kind === 'chain'
  const start = shared ? u64(viewOf(node.bytes), link.field.offset) : 0
  if (start !== 0 && !isFirst(walk, `list ${link.to.kind} ${start}`, path)) return
  const found = follow(walk.context, node, link, path)
  walk.followed.set(path, found)
  note(walk, found, path)
  const sink = sinkOf(walk, root)
  for (const extent of found.extents) {
    if (link.to.kind === 'tail') claimTail(walk, sink, extent, path)
    else sink.add('metadata', extent, path)
  }
  claimArea(walk, sink, found, path)
  walk.entries -= found.extents.length
  const entry = link.target
  if (entry === null) return
  if (onlyNamesMemory(entry)) claimEntries(walk, sink, entry, found, path)
  else if (leadsOn(root.all, entry)) {
    for (let n = 0; n < found.known && walk.budget > 0; n++) {
      walk.budget--
      const element = found.at(n)
      if (element === null) continue
      const at = appendPath(path, n)
      settle(walk, root.all, element, at)
      walk.open.push({ node: element, path: at, root, depth: depth + 1 })
    }
  }
}

/** What follows a structure: the page that this ends in has been claimed with it. */
function claimTail({ context }: Walk, sink: ClaimSink, { start, end }: Range, path: string): void {
  const { pageSize } = context.geometry
  const from = Math.ceil(start / pageSize) * pageSize
  if (from < end) sink.add('metadata', { start: from, end }, path)
}

/** The pages of a vmalloc area, by the names that an area's parts have. */
function claimArea(walk: Walk, sink: ClaimSink, { area }: Followed, path: string): void {
  if (area === null) return
  const { pageSize } = walk.context.geometry
  const cut = path.lastIndexOf('/') + 1
  const own = `${path.slice(0, cut)}${vmallocKey(path.slice(cut))}`
  const { chunks, runs } = area
  sink.addAll({
    kind: 'metadata',
    starts: Float64Array.from(chunks),
    sizes: new Float64Array(chunks.length).fill(pageSize),
    pathOf: n => appendPath(own, 'chunks', hex(chunks[n]!)),
  })
  sink.addAll({
    kind: 'metadata',
    starts: runs,
    sizes: runs.map(run => (run === 0 ? 0 : pageSize * 2 ** area.order)),
    pathOf: n => appendPath(own, 'runs', n),
  })
  walk.entries -= chunks.length + runs.length
}

/** True for entries that lead to memory, and to nothing that leads further: lists of folios, which are long. */
function onlyNamesMemory({ links, nested }: CompiledStruct): boolean {
  return nested.length === 0 && links.length === 1 && ['folio', 'pages'].includes(links[0]!.to.kind)
}

function leadsOn(all: Compiled, entry: CompiledStruct): boolean {
  return (
    entry.links.length > 0 ||
    all.pointedTo.has(entry.name) ||
    entry.nested.some(({ compiled }) => leadsOn(all, compiled))
  )
}

function claimEntries(
  walk: Walk,
  sink: ClaimSink,
  entry: CompiledStruct,
  found: Followed,
  path: string,
): void {
  const count = Math.max(0, Math.min(found.known, walk.entries))
  const link = entry.links[0]!
  const starts = new Float64Array(count)
  const sizes = new Float64Array(count)
  for (let n = 0; n < count; n++) {
    const element = found.at(n)
    if (element === null) continue
    const data: readonly Range[] = follow(walk.context, element, link, path).data
    if (data.length === 0) continue
    starts[n] = data[0]!.start
    sizes[n] = rangeSize(data[0]!)
  }
  walk.entries -= found.known
  sink.addAll({ kind: 'data', starts, sizes, pathOf: n => `${path}/#${n}/${addressKey(link.key)}` })
}

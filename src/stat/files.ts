import type { LuoFile, LuoSession, Memfd } from '../../formats/blobs/index.js'
import type { KhoState } from '../image/state.js'
import { mostFolios } from '../model/claims.js'
import { describedContent, describedFolios } from '../model/described-content.js'
import { describedOf } from '../model/described-index.js'
import { heldAs } from '../model/fd-store.js'
import { folioListOf } from '../model/folio-list.js'
import { isNotKnown } from '../model/kind.js'
import { memfdContent } from '../model/memfd.js'
import type { Node } from '../model/node.js'
import type { Content } from '../model/piece.js'
import { stateNode } from '../model/state.js'
import { isWithoutSessions, luoOf } from '../rules/checks/context.js'

/** How many folios of one order a file has. */
export interface FolioOrder {
  order: number
  folios: number
}

/** A file that a session holds. Null is what is not known, for the reason in {@link FileStat.notKnown}. */
export interface FileStat {
  path: string
  token: bigint
  /** Compatible string of its handler; a byte string. */
  handler: string
  /** What user space calls it; null where nothing says. */
  name: string | null
  /** Bytes of the file. */
  size: number | null
  /** Pages that its folios take. */
  pages: number | null
  /** Bytes of it that no folio stands for. */
  holes: number | null
  /** Its folios by order, ascending; those that begin no preserved block are not in it. */
  orders: FolioOrder[] | null
  notKnown: string | null
  /** False for a file that is a handle only, such as a device: there is no size to be known. */
  contents: boolean
}

/** A session, with its files in the order in which it holds them. */
export interface SessionStat {
  path: string
  /** A byte string. */
  name: string
  /** What user space calls it; null where nothing says. */
  heldAs: string | null
  files: FileStat[]
  /** Why there may be more files; null where there are not. */
  notKnown: string | null
}

/** A list, and why there may be more of it. Null where nothing of it is known. */
export interface Listed<T> {
  items: T[] | null
  notKnown: string | null
}

/**
 * Every session of the Live Update Orchestrator; none where nothing of it was handed over. They are written when a kernel
 * reboots: of one that has not come to that it is not known whether there are any.
 *
 * @param mapNotKnown - why the map is not known, which alone says how large folios are; null where it is
 */
export function listSessions(state: KhoState, mapNotKnown: string | null): Listed<SessionStat> {
  const luo = luoOf(state)
  if (luo !== null && state.root.direction !== 'incoming' && isWithoutSessions(luo)) {
    return { items: null, notKnown: 'there are none, or reboot(KEXEC) had not come: that writes them' }
  }
  const walk: Walk = { state, mapNotKnown, folios: mostFolios(state), known: new Map() }
  return listBelow<LuoSession, SessionStat>(state, 'luo', 'sessions', (node, { name }) => {
    const files = filesOf(walk, node)
    return {
      path: node.path,
      name,
      heldAs: heldAs(state, node.path),
      files: files.items ?? [],
      notKnown: files.notKnown,
    }
  })
}

/** The things in a list of a blob that has a name of its own. No such blob is an empty list. */
export function listBelow<T, S>(
  state: KhoState,
  blob: string,
  list: string,
  describe: (node: Node, self: T) => S,
): Listed<S> {
  const node = stateNode(state).step(blob)
  if (node === null) return { items: [], notKnown: null }
  const reason = node.view.form === 'one' ? lackOf(state, node) : null
  const found = node.step(list)
  if (found === null) return { items: null, notKnown: reason ?? 'nobody knows its format' }
  return listed(found, describe)
}

/** Why a blob's value is not there. */
function lackOf(state: KhoState, { path }: Node): string | null {
  const blob = state.blobs().find(candidate => candidate.path === path)
  if (blob === undefined || blob.value !== null) return null
  return blob.faults[0]?.message ?? 'its bytes are not there'
}

function listed<T, S>(node: Node, describe: (node: Node, self: T) => S): Listed<S> {
  const { view } = node
  if (view.form !== 'many') return { items: null, notKnown: 'it is no list' }
  if (isNotKnown(view.elements)) return { items: null, notKnown: view.elements.notKnown }
  const items: S[] = []
  for (const below of node.below()) {
    if (below.view.form === 'one') items.push(describe(below, below.view.thing.self as T))
  }
  return { items, notKnown: view.elements.missing ?? null }
}

type Figures = Pick<FileStat, 'size' | 'pages' | 'holes' | 'orders' | 'notKnown' | 'contents'>

/** What looks at several files have in common. */
interface Walk {
  state: KhoState
  mapNotKnown: string | null
  /** Folios that may still be looked at. */
  folios: number
  /** Several files may have one handle. */
  known: Map<Memfd, Figures>
}

function filesOf(walk: Walk, session: Node): Listed<FileStat> {
  const files = session.step('files')
  if (files === null) return { items: null, notKnown: 'it has no list of files' }
  return listed<LuoFile, FileStat>(files, (node, { token, compatible, memfd }) => {
    const figures = memfd === null ? describedFigures(walk, node.path) : memfdFigures(walk, memfd)
    return { path: node.path, token, handler: compatible, name: heldAs(walk.state, node.path), ...figures }
  })
}

/** What a layout tells of a file whose handler no release has. */
function describedFigures(walk: Walk, path: string): Figures {
  const { state } = walk
  const described = describedOf(state).owners.get(path)
  if (described === undefined)
    return unknownFigures(null, 'nobody knows its format: --layout FILE tells of it')
  const { compiled, node, why } = described
  if (node === null) return unknownFigures(null, why ?? 'what its handler handed over is not there')
  if (compiled.content === null)
    return { ...unknownFigures(null, `a handle: struct ${compiled.name} has no contents`), contents: false }
  const content = describedContent(described, state)
  if (content === null) return unknownFigures(null, 'its size is none that a file can have')
  const { size, incomplete } = content
  if (walk.mapNotKnown !== null) return unknownFigures(size, walk.mapNotKnown)
  if (incomplete !== null) return unknownFigures(size, incomplete)
  if (walk.folios <= 0) return unknownFigures(size, TOO_MANY)
  const folios = describedFolios(described, state) ?? []
  walk.folios -= folios.length
  return figuresOf(
    walk.state,
    content,
    folios.map(({ order }) => order),
    folios.map(folio => folio.size),
  )
}

const TOO_MANY = 'there are more folios than the dump has room for'

function unknownFigures(size: number | null, notKnown: string): Figures {
  return { size, pages: null, holes: null, orders: null, notKnown, contents: true }
}

function memfdFigures(walk: Walk, memfd: Memfd): Figures {
  let figures = walk.known.get(memfd)
  if (figures === undefined) {
    figures = readFigures(walk, memfd)
    walk.known.set(memfd, figures)
  }
  return figures
}

function readFigures(walk: Walk, memfd: Memfd): Figures {
  const { size } = memfd
  if (size === null) return unknownFigures(null, 'its size is none that a file can have')
  if (walk.mapNotKnown !== null) return unknownFigures(size, walk.mapNotKnown)
  if (walk.folios <= 0) return unknownFigures(size, TOO_MANY)
  const { sizes, orders } = folioListOf(walk.state, memfd)
  walk.folios -= sizes.length
  const content = memfdContent(walk.state, memfd)
  if (content.incomplete !== null) return unknownFigures(size, content.incomplete)
  return figuresOf(walk.state, content, orders, sizes)
}

function figuresOf(
  { geometry }: KhoState,
  { size, pieces }: Content,
  orders: Iterable<number>,
  sizes: Iterable<number>,
): Figures {
  let covered = 0
  for (const { length } of pieces()) covered += length
  let bytes = 0
  for (const each of sizes) bytes += each
  return {
    size,
    pages: bytes / geometry.pageSize,
    holes: size - covered,
    orders: countOrders(orders),
    notKnown: null,
    contents: true,
  }
}

function countOrders(orders: Iterable<number>): FolioOrder[] {
  const counts = new Map<number, number>()
  for (const order of orders) if (order >= 0) counts.set(order, (counts.get(order) ?? 0) + 1)
  return [...counts].map(([order, folios]) => ({ order, folios })).sort((a, b) => a.order - b.order)
}

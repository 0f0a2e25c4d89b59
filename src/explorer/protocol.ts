import type { Range } from '../../formats/memory/range.js'
import type { StateOptionsData } from '../image/load-state.js'
import type { MemoryMap } from '../map/memory-map.js'
import type { Stat } from '../stat/stat.js'

/** Which of the two images of a page is meant. */
export type Side = 'a' | 'b'

/** A dump as a page has it: a file that was dropped on it, or bytes that it carries. */
export type ImageData = {
  name: string
  /** Which state of it, read how; the best one where nothing is said. */
  options?: StateOptionsData
} & ({ blob: Blob } | { bytes: ArrayBuffer })

/** What the head of the page says of an image. Everything in it may come from the dump, and is shown as text only. */
export interface Opened {
  name: string
  container: string
  abi: string
  compatible: string
  pageSize: number
  ram: Range[]
  root: { address: number | null; direction: string; state: string; evidence: string[] }
  candidates: { address: number | null; direction: string; state: string }[]
  tracker: { format: string; state: string; reason: string | null; nodes: number }
  totals: { blocks: number; bytes: number; orders: { order: number; blocks: number; bytes: number }[] }
  /** The kernel that is taken to read it where nobody chooses one. */
  defaultKernel: string
}

/** A line of the tree of a state. */
export interface TreeRow {
  path: string
  name: string
  /** The value in a line; empty for what has parts only. */
  value: string
  /** How many rows are below; 0 for a leaf. */
  children: number
  address: number | null
}

/** One line of an annotated hex dump. */
export interface HexRow {
  address: number
  bytes: string
  text: string
  name: string
  value: string
  kind: 'heading' | 'field' | 'gap' | 'fill' | 'absent' | 'note'
}

/** What an address is, in short. */
export interface WhoisRow {
  address: number
  preserved: boolean
  block: { address: number; order: number } | null
  owners: string[]
  memory: string
  trackerPath: string[]
  hints: string[]
}

/** How full the tracker's bitmaps are. */
export interface FillRow {
  path: string
  address: number
  what: string
  order: number | null
  covers: Range | null
  used: number
  room: number
}

/** A step of a kernel's boot. */
export interface BootRow {
  step: string
  message: string
  address: number | null
}

/** What a kernel's early boot does with a state. */
export interface Boot {
  kernel: string
  end: string
  steps: BootRow[]
  reservations: { start: number; end: number; who: string }[]
  reservationCount: number
  extended: Range[]
  assumptions: string[]
}

/** What a tracker costs for the same memory. */
export interface CompareRow {
  tracker: string
  bytes: number | null
  pages: number | null
  reservations: number | null
  refused: string | null
}

/** One change between two states. */
export interface DiffRow {
  sign: string
  path: string
  text: string
}

/** A rule, explained. */
export interface RuleText {
  id: string
  title: string
  explanation: string
}

/** Requests to the worker, each with what it answers. */
export interface Requests {
  open: { ask: { side: Side; image: ImageData }; answer: Opened }
  kernels: { ask: Record<string, never>; answer: string[] }
  map: { ask: { side: Side }; answer: MemoryMap }
  tree: { ask: { side: Side; path: string; from: number; count: number }; answer: TreeRow[] }
  stat: { ask: { side: Side; kernel: string | null }; answer: Stat }
  rule: { ask: { id: string }; answer: RuleText }
  hex: { ask: { side: Side; target: string; rows: number }; answer: { rows: HexRow[]; more: boolean } }
  whois: { ask: { side: Side; address: number }; answer: WhoisRow }
  /** An address, a path or a session's name: where it lies. */
  find: { ask: { side: Side; text: string }; answer: { path: string | null; range: Range | null } }
  boot: { ask: { side: Side; kernel: string | null }; answer: Boot }
  fill: { ask: { side: Side }; answer: FillRow[] }
  compare: { ask: { side: Side }; answer: CompareRow[] }
  diff: { ask: Record<string, never>; answer: { same: boolean; rows: DiffRow[]; more: number } }
}

/** Names of requests. */
export type RequestName = keyof Requests

/** What the page sends. */
export interface Request {
  id: number
  name: RequestName
  ask: unknown
}

/** What the worker sends back. */
export type Reply =
  | { id: number; answer: unknown }
  | { id: number; error: { message: string; hint: string | null } }

import { checkCompatible, getProperty, subnodeOffset } from '../../../formats/fdt/index.js'
import {
  appendPath,
  KHO_BLOCK_HEADER,
  LUO_FDT,
  LUO_SER,
  LUO_SESSION_HEADER_SER,
  LUO_SESSION_SER,
  LUO_STRUCT_COMPATIBLE,
  offsetOf,
} from '../../../formats/layout/index.js'
import { type Running, report, restoreFree, step } from './context.js'
import {
  BLOCK_COUNT,
  filesOfArray,
  filesOfBlocks,
  freeBlocks,
  readSession,
  restoreBlocks,
  retrieveFiles,
  type SessionEntry,
  walkEntries,
} from './luo-files.js'
import { Halt } from './memory.js'
import { rawFdt } from './raw-fdt.js'
import type { Subtree } from './subtree.js'

const PATH = 'luo'

/** Where LUO's lists begin, as early startup left them. */
export interface LuoStarted {
  /** Blocks of sessions (7.2, 7.3), or the address of the array (6.19 to 7.1); null where there is none. */
  blocks: number[] | null
  array: number | null
  /** The page of FLBs; 0 where there is none. */
  flbs: number
}

/** luo_early_startup(): whatever it does not like is a panic, for which it throws Halt. Null where there is no LUO. */
export function startLuo(running: Running, found: Subtree): LuoStarted | null {
  if (found.kind === 'absent') return null
  if (found.kind === 'broken')
    panic('BLOB-PROPERTY', running, `failed to retrieve LUO's state: ${found.why}`, null)
  return running.kernel.users.luo?.form === 'fdt'
    ? startFdt(running, found.address)
    : startStruct(running, found)
}

function panic(rule: string, { trace }: Running, message: string, address: number | null): never {
  trace.events.push({
    rule,
    effect: 'oops',
    message: `${message}: luo_restore_fail() panics`,
    path: PATH,
    address,
  })
  throw new Halt({ kind: 'oops', message, address })
}

/** 6.19 to 7.1: an FDT, a node for sessions, and from 7.0 on one for FLBs. */
function startFdt(running: Running, address: number): LuoStarted {
  const fdt = rawFdt(running.memory, address, running.geometry.pageSize)
  const compatible = checkCompatible(fdt, 0, LUO_FDT.compatible)
  if (compatible !== 0) {
    const rule = compatible < 0 ? 'BLOB-FDT-INVALID' : 'LUO-COMPATIBLE'
    panic(rule, running, `FDT 'LUO' is incompatible with '${LUO_FDT.compatible}' [${compatible}]`, address)
  }
  const number = getProperty(fdt, 0, LUO_FDT.number)
  if (typeof number === 'number' || number.length !== 8) {
    panic('LUO-NUMBER', running, `Unable to get live update number '${LUO_FDT.number}'`, address)
  }
  const pointer = (node: string, wanted: string, header: string): number => {
    const offset = subnodeOffset(fdt, 0, node)
    if (offset < 0) panic('LUO-NODE', running, `Unable to get node [${node}]: ${offset}`, address)
    if (checkCompatible(fdt, offset, wanted) !== 0) {
      panic('LUO-COMPATIBLE', running, `node ${node} is incompatible with '${wanted}'`, address)
    }
    const property = getProperty(fdt, offset, header)
    if (typeof property === 'number' || property.length !== 8) {
      panic('LUO-NODE', running, `Unable to get '${header}'`, address)
    }
    return running.memory.u64(address + property.offset)
  }
  const array = pointer(LUO_FDT.sessionNode, LUO_FDT.sessionCompatible, LUO_FDT.sessionHeader)
  const flbs =
    running.kernel.users.luo?.flbs === true
      ? pointer(LUO_FDT.flbNode, LUO_FDT.flbCompatible, LUO_FDT.flbHeader)
      : 0
  return { blocks: null, array, flbs }
}

/** 7.2 and 7.3: struct luo_ser, and the blocks of sessions at once. */
function startStruct(running: Running, { address, size }: Subtree & { kind: 'found' }): LuoStarted {
  if ((size ?? 0n) < LUO_SER.size)
    panic('LUO-SIZE', running, `LUO state is too small (${size} < ${LUO_SER.size})`, address)
  const { memory } = running
  // strncmp() of 8 bytes: it ends at the first that differs, or at a NUL.
  const bytes = memory.read(address, 8)
  for (let n = 0; n < 8; n++) {
    const wanted = LUO_STRUCT_COMPATIBLE.charCodeAt(n) || 0
    if (bytes[n] !== wanted) {
      panic('LUO-COMPATIBLE', running, `LUO state is incompatible with '${LUO_STRUCT_COMPATIBLE}'`, address)
    }
    if (wanted === 0) break
  }
  const sessions = memory.u64(address + offsetOf(LUO_SER, 'sessionsPa'))
  const flbs = memory.u64(address + offsetOf(LUO_SER, 'flbsPa'))
  let blocks: number[] | null = []
  const what = { rule: 'LUO-POINTER', path: PATH, decides: 'whether LUO starts: its list of sessions' }
  const went = step(running, what, () => {
    if (sessions !== 0) blocks = restoreBlocks(running, sessions, LUO_SESSION_SER.size, PATH)
  })
  if (!went) return { blocks: null, array: null, flbs }
  if (blocks === null)
    panic(running.trace.events.at(-1)!.rule, running, 'the list of sessions is refused', sessions)
  restoreFree(running, address, 'LUO-UNPRESERVED', PATH)
  return { blocks, array: null, flbs }
}

/** luo_session_deserialize(), on the first open of /dev/liveupdate, then user space takes every file back. */
export function openLuo(running: Running, luo: LuoStarted): void {
  if (luo.array !== null) {
    const array = luo.array
    const what = { rule: 'LUO-POINTER', path: PATH, decides: 'which sessions there are' }
    step(running, what, () => openArray(running, array))
  } else if (luo.blocks !== null) {
    const { blocks } = luo
    const what = { rule: 'LUO-BLOCK-POINTER', path: PATH, decides: 'which sessions there are' }
    step(running, what, () => openBlocks(running, blocks))
  }
}

function openBlocks(running: Running, blocks: readonly number[]): void {
  const names = new Map<string, number>()
  for (const block of blocks) {
    const count = running.memory.u64(block + BLOCK_COUNT)
    if (!openSessions(running, block + KHO_BLOCK_HEADER.size, count, names)) return
  }
  freeBlocks(running, blocks, PATH)
}

/** Sessions that are followed one by one in an array whose count nobody bounds. */
const MOST_SESSIONS = 2 ** 16

function openArray(running: Running, array: number): void {
  const { memory } = running
  const count = LUO_SESSION_HEADER_SER.read(memory.read(array, LUO_SESSION_HEADER_SER.size)).count
  const names = new Map<string, number>()
  const followed = Math.min(Number(count), MOST_SESSIONS)
  if (!openSessions(running, array + LUO_SESSION_HEADER_SER.size, followed, names)) return
  restoreFree(running, array, 'LUO-UNPRESERVED', PATH)
}

/** Sessions that lie one behind another. False where one of them ends it all. */
function openSessions(running: Running, start: number, count: number, names: Map<string, number>): boolean {
  return walkEntries(running, start, count, LUO_SESSION_SER.size, (bytes, view, offset) =>
    openSession(running, readSession(bytes, view, offset), names),
  )
}

/** luo_session_deserialize_one(). False where that ends it all: opening the device fails then. */
function openSession(running: Running, entry: SessionEntry, names: Map<string, number>): boolean {
  const { name, kept, files, count } = entry
  const path = appendPath(appendPath(PATH, 'sessions'), name === '' ? names.size : name)
  if (names.has(kept)) {
    report(running, 'LUO-SESSION-DUPLICATE', `Failed to insert session [${kept}]: -EEXIST`, path)
    return false
  }
  names.set(kept, names.size)
  if (kept !== name) {
    const message = `the last letter of session '${name}' is lost: who asks for all of its name is told -ENOENT`
    report(running, 'LUO-NAME-UNTERMINATED', message, path)
  }
  let taken: ReturnType<typeof filesOfBlocks> = null
  const what = {
    rule: 'LUO-POINTER',
    path,
    decides: `which files session '${name}' has, and whether any session comes back`,
  }
  const went = step(running, what, () => {
    const read = running.kernel.users.luo?.form === 'fdt' ? filesOfArray : filesOfBlocks
    taken = read(running, files, count, path)
  })
  if (!went || taken === null) return false
  retrieveFiles(running, taken)
  return true
}

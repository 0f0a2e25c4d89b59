import { flbCapacity } from '../../../formats/blobs/luo-flb.js'
import { LUO_FLB_HEADER_SER, LUO_FLB_SER, type StructOf } from '../../../formats/layout/index.js'
import { hex } from '../../../formats/memory/fault.js'
import { type Running, report, step } from './context.js'
import type { LuoStarted } from './luo.js'
import { Halt, type ReaderMemory } from './memory.js'

const PATH = 'luo/flbs'
const TEST_FLB = /^liveupdate-test-flb-v([0-2])$/
/** TEST_FLB_MAGIC_BASE: lib/tests/liveupdate.c. */
const TEST_FLB_DATA = 0xfeedf00dcafebee0n

type Flb = StructOf<typeof LUO_FLB_SER>

/** What the searches for objects came to. */
interface Search {
  /** Objects as the header counts them. */
  count: bigint
  /** Those of LUO's own test that the state has: the first of each name, or null where the search does not come to it. */
  tests: ReadonlyMap<string, Flb | null>
}

/**
 * luo_flb_retrieve_one(): kernel/liveupdate/luo_flb.c 7.0 to 7.3. Objects that releases and postings, or the kernel's own
 * tests, ask for: each search reads on until it finds its name, or has come to the count.
 */
export function readFlbs(running: Running, luo: LuoStarted): void {
  for (const flb of searchFlbs(running, luo)?.tests.values() ?? []) {
    if (flb === null) continue
    const { name, data, count } = flb
    if (asInt(count) < 0n) {
      const message = `${name} is held by ${asInt(count)} files: refcount_t: saturated`
      report(running, 'LUO-FLB-REFCOUNT', message, PATH)
    }
    // test_flb_retrieve(), of kernels that have LUO's test, which the state's objects tell.
    if (data === TEST_FLB_DATA + BigInt(TEST_FLB.exec(name)![1]!)) continue
    report(running, 'LUO-FLB-DATA', `${name}: ERROR - incorrect data handle: ${data.toString(16)}`, PATH)
  }
}

/** luo_flb_file_finish() of each file: LUO's test hangs its objects on every one. */
export function finishFlbs(running: Running, luo: LuoStarted): void {
  const { taken } = running
  // luo_flb_setup_incoming() passes over an address of 0; who needs the objects misses them all the same.
  if (taken > 0 && luo.flbs === 0 && luo.array === null) {
    const missed = running.strayFlbs().find(name => TEST_FLB.test(name))
    if (missed === undefined) return
    const message = `${missed} is in a list that nothing leads to, and ${taken} files let go of it: refcount_t: underflow`
    report(running, 'LUO-FLB-REFCOUNT', message, PATH)
    return
  }
  const search = taken === 0 ? null : searchFlbs(running, luo)
  for (const [name, flb] of search?.tests ?? []) {
    const held = flb === null ? 0n : asInt(flb.count)
    if (held < 0n || held >= taken) continue
    const why =
      flb === null ? `is not among the ${search!.count} that are counted` : `is held by ${held} files`
    const message = `${name} ${why}, and ${taken} let go of it: refcount_t: underflow`
    report(running, 'LUO-FLB-REFCOUNT', message, PATH)
  }
}

/** What the kernel makes of a count: refcount_t is an int. */
const asInt = (count: bigint): bigint => BigInt.asIntN(32, count)

/** Null where there is no list, or reading it ends in a fault. */
function searchFlbs(running: Running, { flbs }: LuoStarted): Search | null {
  if (flbs === 0) return null
  let search: Search | null = null
  const what = { rule: 'LUO-POINTER', path: PATH, decides: 'which objects files share' }
  step(running, what, () => {
    search = searchFrom(running, flbs)
  })
  return search
}

function searchFrom(running: Running, flbs: number): Search {
  const { memory, geometry } = running
  const first = flbs + LUO_FLB_HEADER_SER.size
  const { count } = LUO_FLB_HEADER_SER.read(memory.read(flbs, LUO_FLB_HEADER_SER.size))
  const room = flbCapacity(geometry.pageSize)
  const tests = new Map<string, Flb | null>()
  const read = (n: number) => LUO_FLB_SER.read(memory.read(first + n * LUO_FLB_SER.size, LUO_FLB_SER.size))
  for (let n = 0; n < count && n < room; n++) keepFirst(tests, read(n))
  // What stands behind the count was written by a kernel that has these objects, and this one asks for them too.
  for (let n = Number(count); n < room; n++) {
    if (!memory.has(first + n * LUO_FLB_SER.size, LUO_FLB_SER.size)) break
    const { name } = read(n)
    if (TEST_FLB.test(name) && !tests.has(name)) tests.set(name, null)
  }
  if (count > room && !hasAll(tests)) searchOn(running, { first, from: room, count: Number(count) }, tests)
  // The test asks for all of its objects, or for none: liveupdate_test_register().
  for (const name of tests.size > 0 ? TESTS : []) if (!tests.has(name)) tests.set(name, null)
  return { count, tests }
}

function keepFirst(tests: Map<string, Flb | null>, flb: Flb): void {
  if (TEST_FLB.test(flb.name) && !tests.has(flb.name)) tests.set(flb.name, flb)
}

/** Objects that LUO's test registers: TEST_NFLBS. */
const TESTS = [0, 1, 2].map(n => `liveupdate-test-flb-v${n}`)

function hasAll(tests: ReadonlyMap<string, Flb | null>): boolean {
  return TESTS.every(name => (tests.get(name) ?? null) !== null)
}

/** Bytes that are looked through at once. */
const PIECE = 2 ** 16
/** How the names of the test's objects begin. */
const FIRST_LETTER = 'l'.charCodeAt(0)

/**
 * A search that has not found its name goes on behind the page, for as many objects as are counted: over whatever is there,
 * until it has found it, or RAM ends.
 */
function searchOn(
  { memory }: Running,
  { first, from, count }: { first: number; from: number; count: number },
  tests: Map<string, Flb | null>,
): void {
  const size = LUO_FLB_SER.size
  const end = first + count * size
  let at = first + from * size
  for (const range of [...memory.present(), { start: end, end }]) {
    if (range.end <= at || at >= end) continue
    if (range.start > at) passOver(memory, at, Math.min(range.start, end))
    for (let piece = Math.max(at, range.start); piece < Math.min(range.end, end); piece += PIECE) {
      const length = Math.min(PIECE, range.end - piece)
      const bytes = memory.contents(piece, length)
      const entry = first + Math.ceil((piece - first) / size) * size
      for (let place = entry; bytes !== null && place < piece + length; place += size) {
        if (bytes[place - piece] !== FIRST_LETTER || !memory.has(place, size)) continue
        keepFirst(tests, LUO_FLB_SER.read(memory.read(place, size)))
        if (hasAll(tests)) return
      }
    }
    at = range.end
  }
}

/** Memory that the dump lacks, on the way of a search. @throws Halt where there is none, or what it holds decides */
function passOver(memory: ReaderMemory, start: number, end: number): void {
  const ram = memory.ram()
  const last = ram?.find(range => start >= range.start && start < range.end)?.end
  if (ram !== null && (last === undefined || last < end)) {
    const address = last ?? start
    const message = `the search for an object reads on to ${hex(address)}, where RAM ends`
    throw new Halt({ kind: 'oops', message, address })
  }
  memory.read(start, 1)
}

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

/** FLBs that releases and postings, or the kernel's own tests, ask for: each search reads on until it finds its name. */
export function readFlbs(running: Running, luo: LuoStarted): void {
  eachFlb(running, luo, ({ name, data, count }) => {
    const number = TEST_FLB.exec(name)?.[1]
    if (number === undefined) return
    if (asInt(count) < 0n) {
      const message = `${name} is held by ${asInt(count)} files: refcount_t: saturated`
      report(running, 'LUO-FLB-REFCOUNT', message, PATH)
    }
    // test_flb_retrieve(), of kernels that have LUO's test, which the state's objects tell.
    if (data === TEST_FLB_DATA + BigInt(number)) return
    report(running, 'LUO-FLB-DATA', `${name}: ERROR - incorrect data handle: ${data.toString(16)}`, PATH)
  })
}

/** luo_flb_file_finish() of each file: LUO's test hangs its objects on every one. */
export function finishFlbs(running: Running, luo: LuoStarted): void {
  eachFlb(running, luo, ({ name, count }) => {
    const held = asInt(count)
    if (!TEST_FLB.test(name) || held < 0n || held >= running.taken) return
    const message = `${name} is held by ${held} files, and ${running.taken} let go of it: refcount_t: underflow`
    report(running, 'LUO-FLB-REFCOUNT', message, PATH)
  })
}

/** What the kernel makes of a count: refcount_t is an int. */
const asInt = (count: bigint): bigint => BigInt.asIntN(32, count)

/** The first object of each name: others are never found. */
function eachFlb(running: Running, { flbs }: LuoStarted, visit: (flb: Flb) => void): void {
  if (flbs === 0) return
  const what = { rule: 'LUO-POINTER', path: PATH, decides: 'which objects files share' }
  step(running, what, () => {
    const { memory, geometry } = running
    const first = flbs + LUO_FLB_HEADER_SER.size
    const { count } = LUO_FLB_HEADER_SER.read(memory.read(flbs, LUO_FLB_HEADER_SER.size))
    const room = Math.floor((geometry.pageSize - LUO_FLB_HEADER_SER.size) / LUO_FLB_SER.size)
    const seen = new Set<string>()
    for (let n = 0; n < count && n < room; n++) {
      const at = first + n * LUO_FLB_SER.size
      const flb = LUO_FLB_SER.read(memory.read(at, LUO_FLB_SER.size))
      if (!seen.has(flb.name)) visit(flb)
      seen.add(flb.name)
    }
    if (count > room && ![...seen].some(name => TEST_FLB.test(name))) searchOn(memory, first, Number(count))
  })
}

/** A search that finds no name goes on behind the page for as many objects as are counted: RAM ends, or the count does. */
function searchOn(memory: ReaderMemory, first: number, count: number): void {
  const end = memory.ram()?.find(({ start, end }) => first >= start && first < end)?.end
  if (end === undefined || first + count * LUO_FLB_SER.size <= end) return
  throw new Halt({
    kind: 'oops',
    message: `the search for an object reads on to ${hex(end)}, where RAM ends`,
    address: end,
  })
}

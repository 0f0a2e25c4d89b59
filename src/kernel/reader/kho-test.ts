import { KHO_TEST_COMPATIBLE, KHO_TEST_MAGIC } from '../../../formats/blobs/kho-test.js'
import { csumPartial } from '../../../formats/blobs/kho-test-sum.js'
import { checkCompatible, getProperty, pathOffset, type RawFdt } from '../../../formats/fdt/index.js'
import { hex } from '../../../formats/memory/fault.js'
import { u64, viewOf } from '../../../formats/memory/u64.js'
import { type Running, report, silent, step } from './context.js'
import { rawFdt } from './raw-fdt.js'
import type { Subtree } from './subtree.js'
import { readArea, restoreVmalloc } from './vmalloc.js'

const PATH = 'kho_test'

/** A rule that failed, and what happened. */
interface Failure {
  rule: string
  message: string
  /** The kernel warned on the way. */
  warns?: boolean
}

/** kho_test_init() where there is something to restore: lib/test_kho.c, 6.16 to 7.3. */
export function runKhoTest(running: Running, found: Subtree, redacted: boolean): void {
  if (found.kind === 'absent') return
  if (found.kind === 'broken') {
    report(running, 'BLOB-PROPERTY', `failed to retrieve kho_test FDT: ${found.why}`, PATH)
    return
  }
  const { address } = found
  const what = { rule: 'BLOB-ADDRESS', path: PATH, decides: 'whether kho_test passes' }
  step(running, what, () => {
    const failure = restoreTest(running, rawFdt(running.memory, address, running.geometry.pageSize), redacted)
    if (failure === null) return
    // Up to 6.18 a failure is only the initcall's return value, save what warns on the way.
    const says = running.kernel.reads.saysTestFailed || failure.warns === true
    const say = says ? report : silent
    say(running, failure.rule, `KHO restore failed: ${failure.message}`, PATH, address)
  })
}

function restoreTest(running: Running, fdt: RawFdt, redacted: boolean): Failure | null {
  const root = pathOffset(fdt, '/')
  if (root < 0) return { rule: 'BLOB-FDT-INVALID', message: `no FDT: ${root}` }
  const compatible = checkCompatible(fdt, root, KHO_TEST_COMPATIBLE)
  if (compatible !== 0) {
    return { rule: 'KHO-TEST-COMPATIBLE', message: `incompatible with '${KHO_TEST_COMPATIBLE}'` }
  }
  const magic = wordOf(running, fdt, root, 'magic', 4)
  if (magic === null || magic.getUint32(0, true) !== KHO_TEST_MAGIC) {
    return { rule: 'KHO-TEST-MAGIC', message: 'the magic is not 0x4b484f21' }
  }
  const data = pathOffset(fdt, '/data')
  const count = wordOf(running, fdt, data, 'nr_folios', 4)
  const sum = wordOf(running, fdt, data, 'csum', 4)
  if (count === null || sum === null) {
    return { rule: 'KHO-TEST-DATA', message: 'nr_folios or csum is missing, or not 4 bytes long' }
  }
  const wanted = count.getUint32(0, true)
  const info = getProperty(fdt, data, 'folios_info')
  if (
    typeof info === 'number' ||
    info.length !== (running.kernel.users.khoTest === 'array' ? wanted * 8 : 16)
  ) {
    return { rule: 'KHO-TEST-DATA', message: 'folios_info is missing, or of another length' }
  }
  const at = fdt.address + info.offset
  const list = running.kernel.users.khoTest === 'array' ? rawList(running, at) : areaList(running, at)
  if ('rule' in list) return list
  const got = sumUp(running, list.read, wanted, redacted)
  if (got === null) return null
  if (typeof got !== 'number') return got
  // The sum is the architecture's own; modulo 0xffff it is the same on all.
  if (got % 0xffff === sum.getUint32(0, true) % 0xffff) return null
  return { rule: 'KHO-TEST-CSUM', message: 'the contents do not give the sum' }
}

function wordOf(
  { memory }: Running,
  fdt: RawFdt,
  node: number,
  name: string,
  length: number,
): DataView | null {
  const property = getProperty(fdt, node, name)
  if (typeof property === 'number' || property.length !== length) return null
  return viewOf(memory.read(fdt.address + property.offset, length))
}

interface FolioEntries {
  read(n: number): number
}

function rawList({ memory }: Running, address: number): FolioEntries {
  return { read: n => memory.u64(address + n * 8) }
}

function areaList(running: Running, descriptor: number): FolioEntries | Failure {
  const { memory, geometry, restorer } = running
  const area = restoreVmalloc(memory, geometry, restorer, descriptor)
  if (!('pages' in area))
    return { rule: area.rule, message: `the list of folios is lost: ${area.reason}`, warns: area.warns }
  return { read: n => u64(viewOf(readArea(memory, geometry, area, n * 8, 8)), 0) }
}

const PIECE = 2 ** 20
/** No folio is larger that a test made. */
const MOST_ORDER = 18

/**
 * Restores every folio and adds up its contents; null where not all of them are known. A folio that is not as listed ends it,
 * and the sum comes out wrong.
 */
function sumUp(
  running: Running,
  read: (n: number) => number,
  wanted: number,
  redacted: boolean,
): number | Failure | null {
  const { memory, geometry, restorer, trace } = running
  const { pageSize } = geometry
  let sum = 0
  let known = !redacted
  for (let n = 0; n < wanted; n++) {
    const entry = read(n)
    const order = entry % pageSize
    const address = entry - order
    const restored = restorer.folio(address)
    if (!restored.ok) {
      const { reason, warns } = restored
      return { rule: 'KHO-TEST-UNPRESERVED', message: `folio ${n} is not restored: ${reason}`, warns }
    }
    if ((restored.order ?? order) !== order || order > MOST_ORDER) {
      return {
        rule: 'KHO-TEST-UNPRESERVED',
        message: `folio ${hex(address)} has order ${restored.order}, not ${order}`,
      }
    }
    for (let at = 0; known && at < pageSize * 2 ** order; at += PIECE) {
      const bytes = memory.contents(address + at, Math.min(PIECE, pageSize * 2 ** order - at))
      if (bytes === null) known = false
      else sum = csumPartial(bytes, sum)
    }
  }
  if (known) return sum
  trace.assumptions.add(
    redacted
      ? "contents of kho_test's folios were redacted: they are taken to be those that were summed"
      : "contents of kho_test's folios that the dump lacks are those that were summed",
  )
  return null
}

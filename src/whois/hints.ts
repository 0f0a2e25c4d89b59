import { hex } from '../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { blocksAt } from '../../formats/pages/page-set.js'
import type { KhoState } from '../image/state.js'
import { explainOrphans } from '../owners/explain.js'
import { ownershipOf } from '../owners/ownership.js'

/** A part of a kernel's virtual address space. Documentation/arch/x86/x86_64/mm.rst, 4-level tables. */
interface VirtualRange {
  start: bigint
  end: bigint
  what: string
  /** The physical address where the kernel has not randomised its layout; null where that cannot be told. */
  physical(address: bigint, pageSize: bigint): bigint | null
}

const X86: readonly VirtualRange[] = [
  {
    start: 0xffff_8880_0000_0000n,
    end: 0xffff_c880_0000_0000n,
    what: 'a kernel virtual address in the direct map',
    physical: address => address - 0xffff_8880_0000_0000n,
  },
  {
    start: 0xffff_c900_0000_0000n,
    end: 0xffff_e900_0000_0000n,
    what: 'a kernel virtual address in the vmalloc area',
    physical: () => null,
  },
  {
    start: 0xffff_ea00_0000_0000n,
    end: 0xffff_eb00_0000_0000n,
    what: 'the address of a struct page',
    physical: (address, pageSize) => ((address - 0xffff_ea00_0000_0000n) / 64n) * pageSize,
  },
  {
    start: 0xffff_ffff_8000_0000n,
    end: 0xffff_ffff_c000_0000n,
    what: 'a kernel virtual address in the kernel image',
    physical: () => null,
  },
]

/** What an address that is not what was meant looks like, one sentence each. */
export function hintsFor(state: KhoState, asked: bigint): string[] {
  if (asked >= BigInt(ADDRESS_LIMIT)) return [virtualHint(state, asked)]
  const address = Number(asked)
  const { pageSize } = state.geometry
  const hints: string[] = []
  const rest = address % pageSize
  if (rest !== 0) hints.push(`not page aligned: ${hex(rest)} bytes into the page at ${hex(address - rest)}`)
  const probable = probableHint(state, address)
  if (probable !== null) hints.push(probable)
  const asFrame = frameHint(state, address)
  if (asFrame !== null) hints.push(asFrame)
  return hints
}

function virtualHint(state: KhoState, asked: bigint): string {
  const arm = state.image.dump.machine === 'aarch64'
  const range = arm ? undefined : X86.find(({ start, end }) => asked >= start && asked < end)
  if (range !== undefined) {
    const physical = range.physical(asked, BigInt(state.geometry.pageSize))
    if (physical === null) {
      return `this looks like ${range.what}, not a physical address`
    }
    const where = `${hex(physical)}, ${preservedText(state, Number(physical))}`
    return `this looks like ${range.what}; without address randomisation it is physical ${where}`
  }
  if (asked >= 0xffff_0000_0000_0000n) return 'this looks like a kernel virtual address, not a physical one'
  return 'this is 2^52 or more: no physical address'
}

/** A block without an owner, of which an unknown handler's memory has the address. */
function probableHint(state: KhoState, address: number): string | null {
  const [block] = blocksAt(state.tracker.decode.pages, address)
  if (block === undefined || ownershipOf(state).ownedAt(address) !== null) return null
  const found = explainOrphans(state).get(block.address)
  if (found === undefined) return null
  return `probably of ${found.path}: the u64 at ${hex(found.from)} equals the start of this block`
}

/** A small number that is not preserved, but whose page is when it is taken for a page frame number. */
function frameHint(state: KhoState, address: number): string | null {
  const { pages } = state.tracker.decode
  const physical = address * state.geometry.pageSize
  if (blocksAt(pages, address).length > 0 || blocksAt(pages, physical).length === 0) return null
  return `if a page frame number was meant: its page is at ${hex(physical)}, which is preserved`
}

function preservedText(state: KhoState, address: number): string {
  return blocksAt(state.tracker.decode.pages, address).length > 0
    ? 'which is preserved'
    : 'which is not preserved'
}

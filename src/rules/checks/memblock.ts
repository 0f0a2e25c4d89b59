import type { Memblock, MemblockRegion } from '../../../formats/blobs/index.js'
import { hex } from '../../../formats/memory/fault.js'
import type { KhoState } from '../../image/state.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { dangling } from './dangling.js'
import { areasOf } from './scratch.js'

function memblocksOf(state: KhoState): Memblock[] {
  return state.blobs().flatMap(blob => (blob.value?.kind === 'memblock' ? [blob.value] : []))
}

/** Regions of which a page is not in the map. */
export function checkRegionsPreserved(context: RuleContext): Occurrence[] {
  return dangling(context, 'region')
}

/** Regions that share memory with scratch. */
export function* checkRegionScratch({ state }: RuleContext): Generator<Occurrence> {
  const areas = areasOf(state)
  for (const region of memblocksOf(state).flatMap(memblock => memblock.regions)) {
    const { name, start, size, path } = region
    if (start === null || size === null) continue
    const area = areas.find(other => start < other.start + other.size && start + size > other.start)
    if (area === undefined) continue
    const message = `region ${JSON.stringify(name)} (${hex(start)}, ${hex(size)} bytes) lies in ${area.text}`
    yield { message, path, address: start }
  }
}

/** One reserve_mem= of a command line. */
interface Wish {
  name: string
  size: number
  align: number
}

/** What the reader's command line asks for, against what is handed over. */
export function* checkRegionsAsked({ state, cmdline }: RuleContext): Generator<Occurrence> {
  if (cmdline === null) return
  const wishes = parseReserveMem(cmdline)
  for (const { regions } of memblocksOf(state)) {
    for (const wish of wishes) yield* checkWish(wish, regions)
    for (const { name, path, start } of regions) {
      if (wishes.some(wish => wish.name === name)) continue
      const message = `no reserve_mem= of the command line asks for region ${JSON.stringify(name)}: it stays reserved`
      yield { message, path, address: start, severity: 'info', effect: 'none' }
    }
  }
}

function* checkWish(wish: Wish, regions: readonly MemblockRegion[]): Generator<Occurrence> {
  const { name, size, align } = wish
  const region = regions.find(other => other.name === name)
  if (region === undefined) {
    yield { message: `FDT 'memblock' has no child '${name}': -1`, path: 'memblock', severity: 'warning' }
    return
  }
  const { start, path } = region
  if (start === null || region.size === null) return
  if (align > 0 && start % align !== 0) {
    const message = `KHO reserve-mem '${name}' has wrong alignment (${hex(align)}, ${hex(start)})`
    yield { message, path, address: start }
  }
  if (region.size !== size) {
    const message = `KHO reserve-mem '${name}' has wrong size (${hex(region.size)} != ${hex(size)})`
    yield { message, path, address: start }
  }
}

const SUFFIXES = 'KMGTPE'

/** Every `reserve_mem=SIZE:ALIGN:NAME` of a command line; what the kernel would refuse is left out. */
export function parseReserveMem(cmdline: string): Wish[] {
  return cmdline.split(/\s+/).flatMap(word => {
    const match = /^"?reserve_mem=([^:]*):([^:]*):([^"]+)"?$/.exec(word)
    const size = match && memparse(match[1]!)
    const align = match && memparse(match[2]!)
    return match && size && align !== null ? [{ name: match[3]!, size, align }] : []
  })
}

/** memparse(): a number in C's notation with a suffix. */
function memparse(text: string): number | null {
  const match = /^(0x[0-9a-f]+|[0-9]+)([KMGTPE])?$/i.exec(text)
  if (match === null) return text === '' ? 0 : null
  const digits = match[1]!
  const octal = /^0[0-7]+$/.test(digits)
  const value = octal ? Number.parseInt(digits, 8) : Number(digits)
  return value * 1024 ** (SUFFIXES.indexOf((match[2] ?? '').toUpperCase() || 'x') + 1)
}

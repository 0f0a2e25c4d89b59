import type { GridBase } from './base-state.js'
import type { Stage } from './field.js'
import { hostileValues, type Places } from './values.js'

/** One hostile value in one field. */
export interface GridCase {
  /** `field = value`; unique in a grid. */
  id: string
  field: string
  value: string
  stage: Stage
  at: number
  /** Hex. */
  bytes: string
}

/** Every case of a base state. */
export function gridCases(base: GridBase): GridCase[] {
  const places = placesOf(base)
  return base.fields.flatMap(field =>
    hostileValues(field, base.read(field.at, field.bytes), places).map(({ name, bytes }) => ({
      id: `${field.id} = ${name}`,
      field: field.id,
      value: name,
      stage: field.stage,
      at: field.at,
      bytes: Buffer.from(bytes).toString('hex'),
    })),
  )
}

function placesOf({ scenario: { machine }, root }: GridBase): Places {
  const [first] = machine.scratch
  const scratch = first === undefined ? 0 : first.address + first.size / 2
  return {
    ramEnd: Math.max(...machine.ram.map(({ end }) => end)),
    scratch,
    // Where boot-plan.ts puts it: from the beginning of the lowest area with room.
    kernel: Math.min(...machine.scratch.map(({ address }) => address)) + 0x200000,
    other: root,
  }
}

/** What a case of each stage costs, in about the time that the cheapest takes: cheap ones come earlier. */
const COSTS: Record<Stage, number> = { boot: 6, init: 4, use: 1 }

/**
 * Cases in an order that does not follow the fields, so that any part of it is a fair sample: by a hash of the name and a
 * salt, those that cost little first.
 */
export function shuffled(cases: readonly GridCase[], salt = ''): GridCase[] {
  return cases
    .map(row => ({ row, rank: hashOf(`${salt}${row.id}`) * COSTS[row.stage] }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ row }) => row)
}

/** FNV-1a, 32 bits, mixed once more. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}

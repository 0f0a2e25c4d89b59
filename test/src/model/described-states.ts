import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadState, type StateOptions } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import { resolve } from '../../../src/model/resolve.js'
import { jsonLine } from '../../../src/render/json.js'
import { viewJson } from '../../../src/render/view-json.js'
import { parseScenario } from '../../../src/scenario/scenario-file.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { ROOT } from '../../built.js'
import { imageOf, scenarioOf } from '../simulate/dump.js'

const PAGE = 4096

/** Scenarios of what was posted, one each. */
export const POSTED_SCENARIOS = [
  'pci',
  'vfio',
  'hugetlb',
  'guest-memfd',
  'iommu',
  'tmpfs',
  'pstore',
  'memfd-flags',
  'luo-features',
  'vfio-rfc',
  'pci-v2-wide',
  'pci-v1',
]

/** The state of a scenario in fixtures/. */
export async function stateOfFixture(name: string, options: StateOptions = {}): Promise<KhoState> {
  const text = readFileSync(join(ROOT, `fixtures/scenarios/${name}.yaml`), 'utf8')
  const simulation = simulate(parseScenario(text, name), { at: 'early' })
  return loadState(await imageOf(simulation), { root: simulation.root!, ...options })
}

type Calls = NonNullable<Parameters<typeof scenarioOf>[0]['calls']>

/** A machine of 128 MiB on which calls were carried out. */
export async function stateOfCalls(calls: Calls, options: StateOptions = {}): Promise<KhoState> {
  const scenario = scenarioOf({
    machine: { ram: ['1M-128M'], scratch: [{ address: 0x600_0000, size: '16M' }], kernel: '7.2' },
    calls: [...calls, 'kexec'],
  })
  const simulation = simulate(scenario, { at: 'early' })
  return loadState(await imageOf(simulation), { root: simulation.root!, ...options })
}

/** Calls that put pages, written out as hex digits, where they are said to lie, and preserve them. */
export function pagesAt(pages: Readonly<Record<number, string>>): Calls {
  return Object.entries(pages).map(([address, hex]) => {
    const bytes = hex.replace(/\s/g, '')
    const size = Math.ceil(bytes.length / 2 / PAGE) * PAGE
    return {
      preserve_pages: {
        address: Number(address),
        pages: size / PAGE,
        contents: { hex: bytes.padEnd(size * 2, '0') },
      },
    }
  })
}

/** A part of a state as JSON. */
export function jsonAt(state: KhoState, path: string): unknown {
  return JSON.parse(jsonLine(viewJson(state, resolve(state, path).view)))
}

/** What a layout tells of a file, an FLB object or a blob. */
export function fieldsAt(state: KhoState, path: string): unknown {
  return (jsonAt(state, path) as { struct?: { fields: unknown } }).struct?.fields
}

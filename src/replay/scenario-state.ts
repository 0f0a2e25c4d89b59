import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { KhoError } from '../../formats/error.js'
import { loadState } from '../image/load-state.js'
import type { KhoState } from '../image/state.js'
import { openImage } from '../node/open.js'
import { makeTempFolder } from '../node/temp-folder.js'
import type { OpenContents } from '../scenario/contents.js'
import type { Scenario } from '../scenario/schema.js'
import { simulate, writeSimulationElf } from '../simulate/simulate.js'
import type { AskedRegion } from './expected.js'

/** A state that was made from a scenario. */
export interface ScenarioState {
  state: KhoState
  /** Regions that the scenario's kernel was asked for. */
  regions: AskedRegion[]
  /** Calls of the scenario that were refused, and what else there is to say. */
  notes: string[]
  /** Closes the image, and removes its file. */
  close(): void
}

/**
 * Carries out a scenario up to early in the next kernel, and opens the memory that is there then.
 *
 * @throws KhoError `no-state` where nothing is handed over, and as simulate()
 */
export async function openScenario(scenario: Scenario, open: OpenContents): Promise<ScenarioState> {
  const { page_size: pageShift, ram } = scenario.machine
  const simulation = simulate(scenario, { at: 'early', open })
  const { root, log, notes, kho } = simulation
  if (root === null) {
    throw new KhoError('no-state', 'the scenario hands nothing over', {
      hint: 'end it with finalize and kexec',
    })
  }
  const folder = makeTempFolder()
  try {
    const path = join(folder.path, 'scenario.elf')
    const fd = openSync(path, 'w')
    try {
      const size = writeSimulationElf(simulation, (bytes, offset) => {
        for (let done = 0; done < bytes.length; ) {
          done += writeSync(fd, bytes, done, bytes.length - done, offset + done)
        }
      })
      ftruncateSync(fd, size)
    } finally {
      closeSync(fd)
    }
    const image = await openImage(path, { ram })
    const refused = log.flatMap(({ name, result }) => (result === null ? [] : [`${name}: ${result}`]))
    return {
      state: loadState(image, { root, abi: kho.kernel.layout.name, pageShift }),
      regions: scenario.calls.flatMap(call => (call.name === 'reserve_mem' ? [call.args] : [])),
      notes: [...refused, ...notes],
      close() {
        image.close()
        folder.remove()
      },
    }
  } catch (error) {
    folder.remove()
    throw error
  }
}

import { fileDigests } from '../../guest/file-digests.js'
import { readKernelLog } from '../../guest/kernel-log.js'
import type { KhoState } from '../../image/state.js'
import { validateNoRoot } from '../../validate/validate.js'
import type { Outcome } from '../../validate/verdict.js'
import { expectedOf, wantedSessions } from '../expected.js'
import { type Judgement, judgeReplay, type Seen } from '../judge.js'
import { predictReplay } from '../predict.js'
import { reservationDifferences } from '../reservations.js'
import type { GridBase } from './base-state.js'
import { type PatchedState, patchedState } from './patched.js'
import type { GridRow } from './row.js'
import type { GridMachine } from './table.js'

/** A row with what was predicted for it, and what the kernel did, in the same words. */
export interface JudgedRow {
  row: GridRow
  predicted: Outcome
  kernel: Judgement
  /** The prediction is what happened. */
  agrees: boolean
}

/** Predicts a row's outcome by what is known today, and judges what was seen. */
export async function judgeRow(base: GridBase, sound: KhoState, row: GridRow): Promise<JudgedRow> {
  const patched = await patchedState(base, row.bytes === '' ? null : row)
  const predicted = predictCase(base, patched, row)
  const kernel = judgeSeen(base, sound, patched.state, row)
  return { row, predicted, kernel, agrees: predicted.word === kernel.word }
}

/** What `validate` says today that a kernel makes of a case. */
export function predictCase(
  { root, scenario }: GridBase,
  { image, state, why }: PatchedState,
  { kernel, memory, cmdline }: GridMachine,
): Outcome {
  const made = state && predictReplay(state, { release: kernel, memory, cmdline })
  if (made !== null) return made.outcome
  const { ram, scratch } = scenario.machine
  const place = { address: root, why, scratchLength: scratch.length * 16 }
  return validateNoRoot(image, place, { reader: kernel, readerCmdline: cmdline, ram, absentIsZero: true })
    .outcome
}

/** Held against what the image says; where nothing can be read of it, against the sound state. */
function judgeSeen(base: GridBase, sound: KhoState, patched: KhoState | null, row: GridRow): Judgement {
  const { observed } = row
  const { machine, calls } = base.scenario
  const regions = calls.flatMap(call => (call.name === 'reserve_mem' ? [call.args] : []))
  const areas = machine.scratch.map(({ address, size }) => ({ start: address, size }))
  const state = patched ?? sound
  const named = new Map(wantedSessions(state).map(({ name, tokens }) => [name, new Set(tokens)]))
  const seen: Seen = {
    log: readKernelLog(observed.lines),
    up: observed.up,
    retrieved: {
      ...observed.retrieved,
      // User space asked for all that it gave away, too: that there is none of it any more is no failure of the kernel.
      failures: observed.retrieved.failures.filter(({ session, token, message }) => {
        const tokens = named.get(session)
        const isNamed = tokens !== undefined && (token === null || tokens.has(token))
        return isNamed || !/No such file or directory/.test(message)
      }),
    },
    end: { ...observed.end, stderr: '' },
    reserved: observed.reserved && reservationDifferences(observed.reserved, state, areas),
  }
  const testKho = calls.some(call => call.name === 'kho_test')
  const judged = judgeReplay(seen, { ...expectedOf(state, fileDigests(state), regions), testKho })
  const lost = wantedSessions(sound).length > 0 && observed.retrieved.files.length === 0
  if (judged.word !== 'ok' || !lost) return judged
  return { word: 'accepted-different', why: ['user space got nothing back of what it gave away'] }
}

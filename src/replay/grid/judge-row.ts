import { readScratchArray } from '../../../formats/handoff/scratch.js'
import { fileDigests } from '../../guest/file-digests.js'
import { readKernelLog } from '../../guest/kernel-log.js'
import type { KhoState } from '../../image/state.js'
import { validateNoRoot } from '../../validate/validate.js'
import type { Outcome } from '../../validate/verdict.js'
import { expectedOf, wantedSessions } from '../expected.js'
import { type Judgement, judgeReplay, type Seen } from '../judge.js'
import { predictReplay } from '../predict.js'
import { reservationDifferences, unkeptRegions } from '../reservations.js'
import type { GridBase } from './base-state.js'
import { type PatchedState, patchedState } from './patched.js'
import type { GridRow } from './row.js'
import type { GridMachine } from './table.js'

/** A file that takes a translated guest longer to read than it is given. */
const TOO_LONG = 2n ** 30n

/** False where it was the reading of a huge file that took the guest's time: that says nothing of the kernel. */
function canJudge(row: GridRow, patched: KhoState | null): boolean {
  const { retrieved, end } = row.observed
  if (!retrieved.cut || end.how !== 'limit' || patched === null) return true
  return expectedOf(patched, new Map(), []).files.every(({ size }) => size === null || size < TOO_LONG)
}

/** A row with what was predicted for it, and what the kernel did, in the same words. */
export interface JudgedRow {
  row: GridRow
  predicted: Outcome
  kernel: Judgement
  /** The prediction is what happened. */
  agrees: boolean
  /** False where what was seen says nothing of the kernel: a file so large that reading it took all of the guest's time. */
  judged: boolean
}

/** Predicts a row's outcome by what is known today, and judges what was seen. */
export async function judgeRow(base: GridBase, sound: KhoState, row: GridRow): Promise<JudgedRow> {
  const patched = await patchedState(base, row.bytes === '' ? null : row)
  const predicted = predictCase(base, patched, row)
  const kernel = judgeSeen(base, sound, patched.state, row)
  const judged = canJudge(row, patched.state)
  return { row, predicted, kernel, agrees: predicted.word === kernel.word, judged }
}

/** What `validate` says today that a kernel makes of a case. */
export function predictCase(
  { root, scenario }: GridBase,
  { image, state, why }: PatchedState,
  { kernel, memory, cmdline, start }: GridMachine,
): Outcome {
  const made = state && predictReplay(state, { release: kernel, memory, cmdline, start })
  if (made !== null) return made.outcome
  const { ram, scratch } = scenario.machine
  const place = { address: root, why, scratchLength: scratch.length * 16 }
  return validateNoRoot(image, place, { reader: kernel, readerCmdline: cmdline, ram, absentIsZero: true })
    .outcome
}

/** Objects of LUO's own test that a state has. */
function testFlbs(state: KhoState): string[] {
  return state
    .blobs()
    .flatMap(({ value }) => (value?.kind === 'luo' ? (value.flbs?.entries ?? []) : []))
    .map(({ name }) => name)
    .filter(name => /^liveupdate-test-flb-v[0-2]$/.test(name))
}

/** Held against what the image says; where nothing can be read of it, against the sound state. */
function judgeSeen(base: GridBase, sound: KhoState, patched: KhoState | null, row: GridRow): Judgement {
  const { observed } = row
  const { machine, calls } = base.scenario
  const regions = calls.flatMap(call => (call.name === 'reserve_mem' ? [call.args] : []))
  const array = patched?.scratchArray ?? null
  const areas =
    (array && readScratchArray(patched!.image.memory, array.address, array.size).areas) ??
    machine.scratch.map(({ address, size }) => ({ start: address, size }))
  const state = patched ?? sound
  const named = new Map(wantedSessions(state).map(({ name, tokens }) => [name, new Set(tokens)]))
  const log = readKernelLog(observed.lines)
  const seen: Seen = {
    log,
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
    reserved: observed.reserved && [
      ...reservationDifferences(observed.reserved, state, areas),
      ...unkeptRegions(observed.reserved, state, log.revived),
    ],
  }
  const testKho = calls.some(call => call.name === 'kho_test')
  const judged = judgeReplay(seen, { ...expectedOf(state, fileDigests(state), regions), testKho })
  if (judged.word !== 'ok') return judged
  const lost = (why: string): Judgement => ({ word: 'accepted-different', why: [why] })
  if (wantedSessions(sound).length > 0 && observed.retrieved.files.length === 0)
    return lost('user space got nothing back of what it gave away')
  const finished = new Set(seen.log.testFlbs)
  for (const name of testFlbs(patched ?? sound))
    if (!finished.has(name)) return lost(`${name} is not let go of when all files are`)
  for (const { name, tokens } of wantedSessions(sound)) {
    // Nobody can know of a session that it had another name, or more files; one that has none is empty-handed.
    const back = observed.retrieved.files.filter(file => file.session === name)
    if (named.has(name) && back.length === 0 && tokens.length > 0)
      return lost(`${name} has none of the files that it was given`)
  }
  return judged
}

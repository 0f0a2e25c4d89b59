import type { GuestEnd } from '../guest/guest.js'
import type { KernelLog } from '../guest/kernel-log.js'
import type { GuestFile, Retrieved, RetrieveFailure } from '../guest/retrieve.js'
import { OUTCOME_WORDS, type OutcomeWord } from '../validate/verdict.js'

/**
 * What a kernel made of a state. `ok`: takes everything over as meant; `rejected`: boots without it; `oops`: dies;
 * `loop`: gets nowhere within its time; `error-reported`: a part is lost, with a message; `accepted-different`: silently
 * something else.
 */
export type ReplayWord = Exclude<OutcomeWord, 'unknown'>

/** Every {@link ReplayWord}: what a guest can be seen to do. */
export const REPLAY_WORDS = OUTCOME_WORDS.filter((word): word is ReplayWord => word !== 'unknown')

/** A file that should come back. What is null is not known, and not compared. */
export interface ExpectedFile {
  session: string
  token: bigint
  /** Size and position are an off_t to user space: what is 2^63 or more is negative there. */
  size: bigint | null
  sha256: string | null
  position: bigint | null
  seals: number | null
}

/** What should come back, as far as a state tells. */
export interface Expected {
  files: readonly ExpectedFile[]
  /** Release and count of kexec-metadata. */
  execFrom: { release: string; count: number } | null
  liveupdateNumber: number | null
  /** Names of reserve_mem regions that the kernel was asked for. */
  regions: readonly string[]
  /** The kernel's own test is built in, and has something to restore; to 6.18 it fails without a word. */
  testKho: boolean
}

/** What was seen. */
export interface Seen {
  log: KernelLog
  /** User space came up. */
  up: boolean
  retrieved: Retrieved
  end: GuestEnd | null
  /** What it keeps that it should not, or the other way round; null where it was not asked. */
  reserved: readonly string[] | null
}

export interface Judgement {
  word: ReplayWord
  /** Why, in lines for a person; empty for `ok`. */
  why: string[]
}

/** The word for what was seen, and the reasons. */
export function judgeReplay(seen: Seen, expected: Expected): Judgement {
  const { log, up, retrieved, end } = seen
  const died = deathOf(seen)
  if (died !== null) return { word: 'oops', why: [died] }
  if (!up || retrieved.cut) {
    const stage = up ? 'while user space retrieved' : 'before user space was up'
    const word = end?.how === 'limit' ? 'loop' : 'oops'
    const what = word === 'loop' ? 'its time was up' : 'the guest ended without a message'
    return { word, why: [`${what} ${stage}`] }
  }
  if (!log.found || log.disabled) {
    return { word: 'rejected', why: log.complaints.length > 0 ? log.complaints : ['no KHO data was found'] }
  }
  const reported = [
    ...log.complaints,
    ...log.warnings.map(warning => warning.message),
    ...retrieved.failures.filter(failure => !isWithoutLuo(failure)).map(failure => failure.message),
    ...(log.testKho === 'failed' ? ['the kernel test of what was preserved failed'] : []),
  ]
  if (reported.length > 0) return { word: 'error-reported', why: reported }
  const different = differences(seen, expected)
  return different.length > 0 ? { word: 'accepted-different', why: different } : { word: 'ok', why: [] }
}

/** A kernel without LUO does not even know that there is something to take back: nothing of it says a word. */
function isWithoutLuo({ step, message }: RetrieveFailure): boolean {
  return step === 'session' && /^\/dev\/liveupdate: No such file/.test(message)
}

function deathOf({ log }: Seen): string | null {
  if (log.oops !== null) return at(log.oops.message, log.oops.function)
  return log.panic === null ? null : `Kernel panic: ${log.panic}`
}

function at(message: string, where: string | null): string {
  return where === null || message.includes(where) ? message : `${message} in ${where}`
}

/** Everything that is not as the state has it, though nobody complained. */
function differences({ log, retrieved, reserved }: Seen, expected: Expected): string[] {
  const found: string[] = [...(reserved ?? [])]
  const compare = (
    what: string,
    wanted: string | number | bigint | null | undefined,
    got: string | number | bigint | undefined,
  ) => {
    if (wanted !== null && wanted !== undefined && wanted !== got) {
      found.push(`${what} is ${got ?? 'missing'}, not ${wanted}`)
    }
  }
  compare('the release handed over from', expected.execFrom?.release, log.execFrom?.release)
  compare('the number of kexecs', expected.execFrom?.count, log.execFrom?.count)
  compare('the live update number', expected.liveupdateNumber, log.liveupdateNumber ?? undefined)
  if (expected.testKho && log.testKho === null)
    found.push('the kernel test of what was preserved did not succeed')
  for (const region of expected.regions) {
    if (!log.revived.includes(region)) found.push(`reserve_mem region ${region} was not taken back`)
  }
  for (const wanted of expected.files) {
    const name = `${wanted.session}/${wanted.token}`
    const file = retrieved.files.find(got => got.session === wanted.session && got.token === wanted.token)
    if (file === undefined) {
      found.push(`${name} was not retrieved`)
      continue
    }
    for (const field of FIELDS) compare(`${field} of ${name}`, wanted[field], file[field])
    if (file.size < 0n) found.push(`size of ${name} is ${file.size}, which nobody can mean`)
  }
  return found
}

const FIELDS = ['size', 'sha256', 'position', 'seals'] as const satisfies readonly (keyof GuestFile)[]

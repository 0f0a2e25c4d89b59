import type { Luo } from '../../formats/blobs/luo-types.js'
import { SCRATCH_FILES } from '../../formats/handoff/scratch.js'
import { hex } from '../../formats/memory/fault.js'
import { listBlocks } from '../../formats/pages/runs.js'
import { digestKey, fileDigests } from '../guest/file-digests.js'
import type { GuestFile } from '../guest/retrieve.js'
import { sealsAfter } from '../guest/seals.js'
import type { KhoState } from '../image/state.js'
import { folioListOf } from '../model/folio-list.js'
import type { Capture } from './capture.js'
import type { Moment } from './moments.js'

/** One thing that was read from a dump, held against what the guest said. */
export interface Check {
  what: string
  ok: boolean
  /** How many values were compared. */
  compared: number
  /** The first differences, for a person. */
  differences: string[]
}

const MOST_DIFFERENCES = 8

/**
 * Everything that the guest said and that can be compared with the state of a dump. Once user space has taken everything
 * back there is no incoming state left to compare.
 */
export function checkState(state: KhoState, moment: Moment, capture: Capture): Check[] {
  switch (moment) {
    case 'ready':
      return [checkBlobs(state, capture.debugfs.before, 'out/sub_fdts')]
    case 'jump':
    case 'early':
      return [
        checkBlocks(state, capture),
        checkFiles(state, capture.preserved),
        checkFrames(state, capture.preserved),
        checkBlobs(state, capture.debugfs.after, 'in/sub_fdts'),
        checkNumbers(state, capture),
      ]
    case 'retrieved':
      return []
  }
}

/** What user space got back, held against what it gave away. */
export function checkRetrieved(capture: Capture): Check {
  const check = start('files that user space took back')
  for (const failure of capture.retrieved.failures) differ(check, failure.message)
  for (const file of capture.preserved) {
    const back = capture.retrieved.files.find(other => sameFile(other, file))
    compareFile(check, { ...file, seals: sealsAfter(file.seals, capture.kernel?.users.memfd ?? null) }, back)
    equal(check, `page frames of ${keyOf(file)}`, JSON.stringify(file.frames), JSON.stringify(back?.frames))
  }
  return check
}

/** The next kernel is content: nothing complained about, every region taken back, its own test passed where it has one. */
export function checkLog({ logs: { after }, regions }: Capture): Check {
  const check = start('what the next kernel says')
  check.compared = 1 + regions.length
  if (!after.found) differ(check, 'it found nothing handed over')
  for (const line of after.complaints) differ(check, line)
  for (const { message } of after.warnings) differ(check, message)
  for (const region of regions) {
    if (!after.revived.includes(region)) differ(check, `reserve_mem region ${region} was not taken back`)
  }
  if (after.testKho === 'failed') differ(check, "the kernel's own test found other memory than it preserved")
  return check
}

/** The second kernel prints each block that it keeps, in the order of its walk: the same blocks, no more and no fewer. */
function checkBlocks(state: KhoState, { reservations }: Capture): Check {
  const check = start('blocks that the next kernel reserved')
  const { pageSize } = state.geometry
  const key = (start: number, size: number) => `${hex(start)}+${hex(size)}`
  const ours = new Set(
    listBlocks(state.tracker.decode.pages).map(({ address, order }) => key(address, pageSize * 2 ** order)),
  )
  const theirs = new Set(reservations.map(({ start, end }) => key(start, end - start)))
  for (const block of theirs)
    if (!ours.has(block)) differ(check, `${block} is kept, but not read as preserved`)
  for (const block of ours)
    if (!theirs.has(block)) differ(check, `${block} is read as preserved, but not kept`)
  check.compared = theirs.size
  return check
}

function checkFiles(state: KhoState, files: readonly GuestFile[]): Check {
  const check = start('sessions, files and their contents')
  const luo = luoOf(state)
  const digests = fileDigests(state)
  const read = (luo?.sessions ?? []).flatMap(({ name, files: entries }) =>
    entries.map(({ token, memfd }) => ({
      session: name,
      token,
      size: wide(memfd?.size),
      position: wide(memfd?.position),
      seals: memfd === null ? undefined : memfd.seals,
      sha256: digests.get(digestKey(name, token)),
    })),
  )
  for (const file of files)
    compareFile(
      check,
      file,
      read.find(other => sameFile(other, file)),
    )
  equal(check, 'number of files', files.length, read.length)
  return check
}

function wide(value: number | null | undefined): bigint | null | undefined {
  return typeof value === 'number' ? BigInt(value) : value
}

/** Folios, page by page, against user space's pagemap. Pages that user space has not touched have no frame there. */
function checkFrames(state: KhoState, files: readonly GuestFile[]): Check {
  const check = start('page frames of files')
  const { pageSize } = state.geometry
  for (const { name, files: entries } of luoOf(state)?.sessions ?? []) {
    for (const { token, memfd } of entries) {
      const file = files.find(other => sameFile(other, { session: name, token }))
      if (memfd === null || file === undefined) continue
      const { folios, starts, sizes } = folioListOf(state, memfd)
      const frames = new Map<number, number>()
      for (let n = 0; n < folios.count; n++) {
        for (let page = 0; page * pageSize < sizes[n]!; page++) {
          frames.set(folios.index[n]! + page, starts[n]! / pageSize + page)
        }
      }
      for (const [index, frame, count] of file.frames) {
        for (let page = 0; page < count; page++) {
          equal(check, `page ${index + page} of ${name}/${token}`, frame + page, frames.get(index + page))
        }
      }
    }
  }
  return check
}

/** LUO's page: written again at the jump, and free memory once it has been read. */
const FLEETING = 'LUO'

/** A file of debugfs shows a blob's memory, as far as the kernel knows its length. */
function checkBlobs(state: KhoState, debugfs: ReadonlyMap<string, Uint8Array>, folder: string): Check {
  const check = start('blobs in debugfs')
  for (const blob of state.blobs()) {
    const file = debugfs.get(`${folder}/${blob.name}`)
    if (file === undefined || blob.address === null) continue
    equal(check, `length of ${blob.name}`, file.length, blob.size ?? undefined)
    if (blob.name === FLEETING) continue
    const read = state.image.memory.read(blob.address, file.length)
    equal(check, `bytes of ${blob.name}`, true, read.ok && Buffer.compare(read.bytes, file) === 0)
  }
  return check
}

function checkNumbers(state: KhoState, { logs, debugfs }: Capture): Check {
  const check = start('numbers that kernels print')
  for (const { value } of state.blobs()) {
    if (value?.kind === 'kexec-metadata' && logs.after.execFrom !== null) {
      equal(check, 'release', logs.after.execFrom.release, value.previousRelease)
      equal(check, 'number of kexecs', logs.after.execFrom.count, value.kexecCount)
    }
    if (value?.kind === 'luo' && logs.after.liveupdateNumber !== null) {
      equal(check, 'live update number', logs.after.liveupdateNumber, Number(value.liveupdateNumber))
    }
  }
  const names = SCRATCH_FILES.find(({ addresses }) => debugfs.before.has(`out/${addresses}`))
  const starts = numbersOf(debugfs.before.get(`out/${names?.addresses}`))
  const sizes = numbersOf(debugfs.before.get(`out/${names?.lengths}`))
  starts.forEach((address, n) => {
    if (state.scratch === null) return
    equal(check, `start of scratch area ${n}`, address, state.scratch[n]?.start)
    equal(check, `size of scratch area ${n}`, sizes[n], state.scratch[n]?.size)
  })
  return check
}

/** One `0x…` a line. */
function numbersOf(bytes: Uint8Array | undefined): number[] {
  const text = Buffer.from(bytes ?? []).toString('latin1')
  return (text.match(/0x[0-9a-f]+/g) ?? []).map(Number)
}

type FileKey = Pick<GuestFile, 'session' | 'token'>

function compareFile(check: Check, file: GuestFile, other: Partial<Nullable<GuestFile>> | undefined): void {
  if (other === undefined) {
    check.compared++
    differ(check, `${keyOf(file)} is not there`)
    return
  }
  for (const field of ['size', 'position', 'seals', 'sha256'] as const) {
    // What a format does not hand over cannot be read from it.
    if (field === 'seals' && other.seals === null) continue
    equal(check, `${field} of ${keyOf(file)}`, file[field], other[field] ?? undefined)
  }
}

type Nullable<T> = { [K in keyof T]: T[K] | null | undefined }

function luoOf(state: KhoState): Luo | null {
  for (const { value } of state.blobs()) if (value?.kind === 'luo') return value
  return null
}

function sameFile(a: FileKey, b: FileKey): boolean {
  return a.session === b.session && a.token === b.token
}

function keyOf(file: FileKey): string {
  return digestKey(file.session, file.token)
}

function start(what: string): Check {
  return { what, ok: true, compared: 0, differences: [] }
}

function equal<T>(check: Check, what: string, said: T, read: T | undefined): void {
  check.compared++
  if (said !== read) differ(check, `${what}: the guest says ${String(said)}, the dump ${String(read)}`)
}

function differ(check: Check, difference: string): void {
  check.ok = false
  if (check.differences.length < MOST_DIFFERENCES) check.differences.push(difference)
}

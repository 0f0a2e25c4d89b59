import { findKernel, isReading, isWriting, type WritingKernel } from '../../../formats/kernels/index.js'
import { totals } from '../../../formats/pages/page-set.js'
import type { FlbWanted } from '../../convert/blob-release.js'
import { convertState } from '../../convert/convert.js'
import { digestKey } from '../../guest/file-digests.js'
import type { GuestFile } from '../../guest/retrieve.js'
import { loadState } from '../../image/load-state.js'
import type { KhoState } from '../../image/state.js'
import { openKernelFile } from '../../node/kernel-file.js'
import { openBytes } from '../../node/open.js'
import { compareReleases, overall } from '../../rules/compat.js'
import { writeOverlayElf } from '../../write/image-writer.js'
import { replayState } from '../replay.js'
import type { MatrixCell } from './table.js'

/** One cell that is to be run. */
export interface CellWanted {
  /** Release that handed the state over, and what it handed over. */
  writer: string
  state: KhoState
  /** Files that the writer's user space preserved, as it described them. */
  preserved: readonly GuestFile[]
  /** Release that is to take it over, and its bzImage. */
  reader: string
  kernel: string
  how: MatrixCell['how']
}

/** Replays one kernel's hand-over on another: unchanged, or as the other would have written it. */
export async function runCell(wanted: CellWanted): Promise<MatrixCell> {
  const { writer, reader, how, kernel, preserved } = wanted
  const [from, to] = [writingKernel(writer), writingKernel(reader)]
  const { state, losses } =
    how === 'converted'
      ? await convertedFor(wanted.state, to, testFlbs(kernel))
      : { state: wanted.state, losses: [] }
  const digests = new Map(preserved.map(file => [digestKey(file.session, file.token), file.sha256]))
  const report = await replayState(state, { kernel, digests })
  const { predicted, reservations, retrieved, seconds } = report
  const came = (file: GuestFile) =>
    retrieved.files.some(
      ({ session, token, sha256 }) =>
        session === file.session && token === file.token && sha256 === file.sha256,
    )
  return {
    writer,
    reader,
    how,
    abi: how === 'unchanged' && isReading(to) ? overall(compareReleases(from, to)).outcome : null,
    predicted: predicted?.outcome.word ?? 'unknown',
    rules: predicted?.outcome.why ?? [],
    kernel: report.word,
    why: report.why,
    // Nobody without LUO can have preserved a file, or give one back.
    files: { wanted: to.users.luo === null ? 0 : preserved.length, same: preserved.filter(came).length },
    blocks: { map: totals(state.tracker.decode.pages).blocks, kept: reservations?.length ?? null },
    warnings: report.log.warnings.length,
    losses,
    seconds: Math.round(seconds.total),
  }
}

function writingKernel(release: string): WritingKernel {
  const kernel = findKernel(release)
  if (kernel === null || !isWriting(kernel)) throw new Error(`no model of Linux ${release}`)
  return kernel
}

/** LUO's own test, where it is built in, binds every file to these: lib/tests/liveupdate.c, 7.0. */
function testFlbs(kernel: string): FlbWanted[] {
  const file = openKernelFile(kernel)
  const flbs = [0, 1, 2].map(n => ({
    name: `liveupdate-test-flb-v${n}`,
    data: 0xfeedf00dcafebee0n + BigInt(n),
  }))
  return flbs.filter(({ name }) => file.has(name))
}

/** A state as a release would have written it, out of a file of its own. */
async function convertedFor(
  source: KhoState,
  kernel: WritingKernel,
  flbs: readonly FlbWanted[],
): Promise<{ state: KhoState; losses: string[] }> {
  const conversion = convertState(source, { to: kernel.layout.name, blobs: kernel, flbs, seed: 7 })
  const pieces: { bytes: Uint8Array; offset: number }[] = []
  const size = writeOverlayElf(source.image, conversion, (bytes, offset) =>
    pieces.push({ bytes: bytes.slice(), offset }),
  )
  const whole = new Uint8Array(size)
  for (const { bytes, offset } of pieces) whole.set(bytes, offset)
  const { abi, geometry } = { ...source, abi: kernel.layout.name }
  const state = loadState(await openBytes(whole), {
    root: conversion.root,
    abi,
    pageShift: geometry.pageShift,
  })
  return { state, losses: [...new Set(conversion.losses.map(({ code }) => code))] }
}

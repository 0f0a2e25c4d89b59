import type { Memfd } from '../../formats/blobs/index.js'
import type { Memblock } from '../../formats/blobs/types.js'
import { MEMFD_LUO_SER_V1, MEMFD_LUO_SER_V2 } from '../../formats/layout/index.js'
import { digestKey } from '../guest/file-digests.js'
import type { SessionWanted } from '../guest/retrieve.js'
import { sealsAfter } from '../guest/seals.js'
import type { KhoState } from '../image/state.js'
import type { Expected, ExpectedFile } from './judge.js'

/** __NEW_UTS_LEN. */
const RELEASE_BYTES = 64

/** What a state says that should come back; of contents, as far as their digests are known. */
export function expectedOf(
  state: KhoState,
  digests: ReadonlyMap<string, string>,
  regions: readonly AskedRegion[],
): Expected {
  const expected: { -readonly [K in keyof Expected]: Expected[K] } = {
    files: expectedFiles(state, digests),
    execFrom: null,
    liveupdateNumber: null,
    regions: regions.map(({ name }) => name),
    testKho: false,
  }
  for (const { value } of state.blobs()) {
    if (value?.kind === 'kexec-metadata') {
      // The kernel prints the count that it was handed, and of the release what utsname has room for.
      const release = value.previousRelease.slice(0, RELEASE_BYTES)
      expected.execFrom = { release, count: value.kexecCount }
    }
    if (value?.kind === 'luo' && value.liveupdateNumber !== null) {
      // Printed as a signed number.
      expected.liveupdateNumber = Number(BigInt.asIntN(64, value.liveupdateNumber))
    }
  }
  return expected
}

function expectedFiles(state: KhoState, digests: ReadonlyMap<string, string>): ExpectedFile[] {
  const files: ExpectedFile[] = []
  for (const { value } of state.blobs()) {
    if (value?.kind !== 'luo') continue
    for (const session of value.sessions) {
      for (const { token, memfd } of session.files) {
        files.push({
          session: session.name,
          token,
          ...extentOf(state, memfd),
          seals: memfd === null ? null : sealsAfter(memfd.seals, memfd.version),
          sha256: digests.get(digestKey(session.name, token)) ?? null,
        })
      }
    }
  }
  return files
}

/** Size and position as user space sees them, which are u64 in memory; null where they cannot be read. */
function extentOf({ image }: KhoState, memfd: Memfd | null): Pick<ExpectedFile, 'size' | 'position'> {
  const layout = memfd?.version === 1 ? MEMFD_LUO_SER_V1 : MEMFD_LUO_SER_V2
  const read = memfd === null ? null : image.memory.read(memfd.extent.start, layout.size)
  if (!read?.ok) return { size: null, position: null }
  const { size, pos } = layout.read(read.bytes)
  return { size: BigInt.asIntN(64, size), position: BigInt.asIntN(64, pos) }
}

/** Sessions and tokens that user space asks for: nothing else tells it their names. */
export function wantedSessions(state: KhoState): SessionWanted[] {
  return state
    .blobs()
    .flatMap(({ value }) =>
      value?.kind === 'luo'
        ? value.sessions.map(({ name, files }) => ({ name, tokens: files.map(file => file.token) }))
        : [],
    )
}

/** A region that a kernel is asked for. */
export interface AskedRegion {
  name: string
  /** Bytes. */
  size: number
  align: number
}

/** What a kernel takes: RESERVE_MEM_NAME_SIZE with the NUL, RESERVE_MEM_MAX_ENTRIES (mm/memblock.c). */
const NAME_BYTES = 16
const MOST_REGIONS = 8

/** The regions that a state has, as far as they can be asked for: a kernel takes one back only when asked for it. */
export function regionsOf(state: KhoState): AskedRegion[] {
  return state
    .blobs()
    .flatMap(({ value }) => (value?.kind === 'memblock' ? askable(value) : []))
    .slice(0, MOST_REGIONS)
}

/** `reserve_mem=` parameters that ask for regions. */
export function reserveParameters(regions: readonly AskedRegion[]): string[] {
  return regions.map(({ name, size, align }) => `reserve_mem=${size}:${align}:${name}`)
}

function askable(memblock: Memblock): AskedRegion[] {
  return memblock.regions.flatMap(({ name, start, size }) => {
    const fits = name.length < NAME_BYTES && /^[!-9;-~]+$/.test(name)
    if (!fits || start === null || size === null || size === 0) return []
    return [{ name, size, align: alignmentOf(start) }]
  })
}

/** The kernel takes a region back only where it is aligned as asked: a page is what every region is aligned to. */
function alignmentOf(start: number): number {
  return start % 4096 === 0 ? 4096 : 1
}

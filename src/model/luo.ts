import {
  type Blob,
  type Gap,
  type Luo,
  type LuoFeatures,
  type LuoFile,
  type LuoFlb,
  type LuoSession,
  memfdVersion,
} from '../../formats/blobs/index.js'
import {
  LUO_FILE_SER,
  LUO_FLB_HEADER_SER,
  LUO_FLB_SER,
  LUO_SER,
  LUO_SESSION_HEADER_SER,
  LUO_SESSION_SER,
} from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { type Range, rangeSize } from '../../formats/memory/range.js'
import { blocks, entryPieces } from './block-chain.js'
import { type ClaimGroup, type ClaimTraits, singleClaim } from './claim.js'
import { DESCRIBED, describedAt, describedField, isDescribed, withPosting } from './described.js'
import { namedElements } from './elements.js'
import { heldAs } from './fd-store.js'
import { treeMemory } from './fdt.js'
import { handleClaims, handleMemory } from './handle.js'
import {
  absent,
  address,
  count,
  defineKind,
  list,
  type Memory,
  NO_MEMORY,
  type NotKnown,
  name,
  notKnown,
  one,
  opaque,
  small,
  text,
  token,
} from './kind.js'
import { MEMFD } from './memfd.js'
import type { Piece } from './piece.js'
import { probablePointers } from './probable.js'
import { structMemory } from './struct-kind.js'

const traits = (version: string): ClaimTraits => ({ kind: 'metadata', version, preserved: true })

/** An array of the FDT form, and the claim on it. */
function arrayMemory(array: Range | null, header: Memory | null, pieces: () => Iterable<Piece>): Memory {
  if (array === null) return NO_MEMORY
  const all = () => [...(header?.pieces?.() ?? []), ...pieces()]
  return { ...header, extents: [array], pieces: all }
}

function* arrayClaim(array: Range | null, path: string): Generator<ClaimGroup> {
  if (array !== null) yield singleClaim(path, array.start, rangeSize(array), traits('luo-v1'))
}

/** A list of which nothing could be read, or which nothing leads to, is not known. `path` is the list's. */
function entriesOf<U extends { path: string }>(
  items: readonly U[],
  key: (item: U) => string | null,
  gap: Gap | null,
  at: number | null,
  path: string,
) {
  if (at === null) return notKnown('what should lead to it is no physical address')
  if (items.length === 0) return gap === null ? [] : notKnown(absent('its memory', gap))
  return namedElements(path, items, key, gap && absent('a part', gap))
}

const HELD = { orNull: 'null where systemd says nothing of it', quiet: true } as const

/** What something is, and what user space calls it. */
function withName(what: string, called: string | null): string {
  return called === null ? what : `${what} held as ${called}`
}

/** A file's own bytes are those of its record; its content is what its handler handed over, where that is known. */
const FILE = defineKind<LuoFile>({
  what: file => `file (${file.compatible})`,
  fields: {
    token: token(file => file.token),
    compatible: name(file => file.compatible, { change: 'version' }),
    heldAs: text(({ path }, state) => heldAs(state, path), HELD),
    data: opaque(file => file.data, {
      changeOf: ({ memfd, data }) => (memfd !== null || data < ADDRESS_LIMIT ? 'address' : 'content-changed'),
      memory: (file, state) => (file.memfd === null ? handleMemory(state, file.data) : null),
    }),
    memfd: one(MEMFD, file => file.memfd ?? (isMemfd(file) ? notKnown('its structure is not there') : null), {
      through: ['vmalloc', 'folios'],
      orNull: 'null where the handler is another one, or its structure is not there',
    }),
    struct: describedField(),
    pointers: probablePointers((file: LuoFile, state) => file.memfd !== null || isDescribed(file, state)),
  },
  memory: (file, _, path) => structMemory(LUO_FILE_SER, file.extent.start, path),
  content(file, state) {
    const { memfd } = file
    if (memfd !== null) return MEMFD.content?.(memfd, state) ?? null
    const described = describedAt(file, state)
    return described === null ? null : (DESCRIBED.content?.(described, state) ?? null)
  },
  claims: (file, walk, path) =>
    file.memfd === null && !isDescribed(file, walk.state)
      ? handleClaims(walk, file, file.compatible, path)
      : [],
  item: {
    kind: 'file',
    text: (file, state) =>
      withPosting(withName(file.compatible, heldAs(state, file.path)), describedAt(file, state)),
  },
})

function isMemfd({ compatible, data }: LuoFile): boolean {
  return memfdVersion(compatible) !== null && data !== 0n
}

const SESSION = defineKind<LuoSession>({
  what: 'session',
  fields: {
    name: name(session => session.name),
    heldAs: text(({ path }, state) => heldAs(state, path), HELD),
    filesAddress: address(session => session.filesAddress, {
      orNull: 'no physical address',
      at: 'fileSetSer.files',
    }),
    fileCount: count(session => session.fileCount, { orNull: 'no number of files', at: 'fileSetSer.count' }),
    blocks: blocks('luo-v5', ({ blocks: chain, fileArray, gap, files }) => ({
      blocks: chain,
      gap: fileArray === null ? gap : null,
      entries: files,
      struct: LUO_FILE_SER,
    })),
    files: list(
      'list of files',
      FILE,
      ({ files, gap, filesAddress, path }) =>
        entriesOf(files, file => file.token.toString(), gap, filesAddress, `${path}/files`),
      {
        memory: ({ files, fileArray }) =>
          arrayMemory(fileArray, null, () => entryPieces(files, LUO_FILE_SER, fileArray!)),
        claims: ({ fileArray }, _, path) => arrayClaim(fileArray, path),
      },
    ),
  },
  memory: (session, _, path) => structMemory(LUO_SESSION_SER, session.extent.start, path),
  item: {
    kind: 'session',
    text: ({ files, path }, state) =>
      withName(`session of ${files.length} ${files.length === 1 ? 'file' : 'files'}`, heldAs(state, path)),
  },
})

const FLB = defineKind<LuoFlb>({
  what: 'FLB object',
  fields: {
    name: name(flb => flb.name, { change: 'version' }),
    data: opaque(flb => flb.data, {
      changeOf: ({ data }) => (data < ADDRESS_LIMIT ? 'address' : 'content-changed'),
      memory: (flb, state) => handleMemory(state, flb.data),
    }),
    count: count(flb => small(flb.count), { orNull: 'no number of files', change: 'content-changed' }),
    struct: describedField(),
    pointers: probablePointers((flb: LuoFlb, state) => isDescribed(flb, state)),
  },
  memory: (flb, _, path) => structMemory(LUO_FLB_SER, flb.extent.start, path),
  claims: (flb, walk, path) => (isDescribed(flb, walk.state) ? [] : handleClaims(walk, flb, flb.name, path)),
  item: {
    kind: 'flb',
    text: (flb, state) => withPosting('FLB object', describedAt(flb, state)),
    key: flb => flb.name,
  },
})

/** Masks in place of a version. */
const FEATURES = defineKind<LuoFeatures>({
  what: 'feature flags, posted 2026-09-28, not merged',
  fields: {
    supported: opaque(({ supported }) => supported),
    required: opaque(({ required }) => required),
    active: opaque(({ active }) => active),
  },
})

/** The Live Update Orchestrator's sessions, their files, and the objects that files share. */
export const LUO = defineKind<{ blob: Blob; value: Luo }>({
  what: 'LUO',
  fields: {
    form: text(({ value }) => value.form, { values: ['fdt', 'struct'] }),
    compatible: name(({ value }) => value.compatible),
    features: one(FEATURES, ({ value }) => value.features, {
      rare: true,
      orNull: 'null in every release: posted 2026-09-28, not merged',
    }),
    liveupdateNumber: count(({ value }) => small(value.liveupdateNumber), {
      orNull: 'null where the FDT lacks it',
      at: 'liveupdateNum',
      change: 'content-changed',
    }),
    sessionsAddress: address(({ value }) => value.sessionsAddress, {
      orNull: 'no physical address',
      at: 'sessionsPa',
      change: 'address',
    }),
    flbsAddress: address(({ value }) => value.flbsAddress, {
      orNull: 'no physical address',
      at: 'flbsPa',
      change: 'address',
    }),
    blocks: blocks(
      'luo-v5',
      ({ value: { blocks: chain, form, gap, sessions } }) => ({
        blocks: chain,
        gap: form === 'struct' ? gap : null,
        entries: sessions,
        struct: LUO_SESSION_SER,
      }),
      'luo/blocks',
    ),
    sessions: list(
      'list of sessions',
      SESSION,
      ({ blob, value: { sessions, gap, sessionsAddress } }) =>
        entriesOf(sessions, session => session.name, gap, sessionsAddress, `${blob.path}/sessions`),
      {
        home: 'luo/sessions',
        memory({ value: { sessions, sessionArray } }, _, path) {
          const header = sessionArray && structMemory(LUO_SESSION_HEADER_SER, sessionArray.start, path)
          return arrayMemory(sessionArray, header, () =>
            entryPieces(sessions, LUO_SESSION_SER, sessionArray!),
          )
        },
        claims: ({ value }, _, path) => arrayClaim(value.sessionArray, path),
      },
    ),
    flbCount: count(({ value }) => flbGap(value) ?? small(value.flbs?.count ?? null), {
      orNull: 'null where there is no page of them',
    }),
    flbs: list('FLB page', FLB, ({ value }) => flbGap(value) ?? value.flbs?.entries ?? [], {
      home: 'luo/flbs',
      memory({ value: { flbs } }, _, path) {
        const header = flbs && structMemory(LUO_FLB_HEADER_SER, flbs.extent.start, path)
        return arrayMemory(flbs?.extent ?? null, header, () =>
          entryPieces(flbs!.entries, LUO_FLB_SER, flbs!.extent),
        )
      },
      *claims({ value: { flbs, compatible } }, _, path) {
        if (flbs !== null)
          yield singleClaim(path, flbs.extent.start, rangeSize(flbs.extent), traits(compatible))
      },
    }),
  },
  memory({ blob, value }, state, path) {
    const { form, extent } = value
    return form === 'fdt'
      ? treeMemory(state, blob, path)
      : structMemory(value.struct ?? LUO_SER, extent.start, path)
  },
  item: { kind: 'blob', text: ({ value }) => `LUO (${value.compatible})` },
})

/** Why the page of FLB objects is not known, where something leads to one. */
function flbGap({ flbs, flbsAddress }: Luo): NotKnown | null {
  if (flbs !== null || flbsAddress === 0) return null
  if (flbsAddress === null) return notKnown('what should lead to it is no physical address')
  return notKnown(`its page at ${hex(flbsAddress)} is not in the dump`)
}

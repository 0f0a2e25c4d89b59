import type { Memfd } from '../../formats/blobs/index.js'
import { MEMFD_LUO_FOLIO_SER, MEMFD_LUO_SER_V1, MEMFD_LUO_SER_V2 } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { blocksAt } from '../../formats/pages/page-set.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { FILE_DATA, filesOf, memfdsOf } from './luo-parts.js'
import { cannotBreak, elementOf } from './target.js'

function memfdOf(target: DamageTarget, fits: (memfd: Memfd) => boolean = () => true): Memfd {
  return target.pick(memfdsOf(target).filter(fits), 'memfd that this is about')
}

/** Where a field of a memfd's structure is. */
function fieldAt(memfd: Memfd, name: string): number {
  const layout = memfd.version === 1 ? MEMFD_LUO_SER_V1 : MEMFD_LUO_SER_V2
  const field = layout.fields.find(candidate => candidate.name === name)
  if (field === undefined) throw cannotBreak(`memfd with a field ${name}`)
  return memfd.extent.start + field.offset
}

/** Writes a u64 field of a memfd. */
function onField(
  name: string,
  value: (memfd: Memfd, target: DamageTarget) => bigint,
  fits?: (memfd: Memfd) => boolean,
) {
  return (target: DamageTarget): string => {
    const memfd = memfdOf(target, fits)
    const bytes = value(memfd, target)
    target.write64(fieldAt(memfd, name), bytes)
    return `${name} of ${memfd.path} is 0x${bytes.toString(16)}`
  }
}

/** Writes a u32 field, of version 2 only. */
function onField32(name: string, value: number) {
  return (target: DamageTarget): string => {
    const memfd = memfdOf(target, candidate => candidate.version === 2)
    target.write32(fieldAt(memfd, name), value)
    return `${name} of ${memfd.path} is ${hex(value)}`
  }
}

const withFolios = (least: number) => (memfd: Memfd) =>
  memfd.vmalloc !== null && (memfd.nrFolios ?? 0) >= least

/** Where the nth entry of a folio list is. */
function entryAt(target: DamageTarget, memfd: Memfd, n: number): number {
  const perPage = target.geometry.pageSize / MEMFD_LUO_FOLIO_SER.size
  const page = elementOf(memfd.vmalloc!.runs, Math.floor(n / perPage), 'page of a folio list')
  return page + (n % perPage) * MEMFD_LUO_FOLIO_SER.size
}

function u64At(target: DamageTarget, address: number): bigint {
  const bytes = target.read(address, 8)
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
}

/** Changes the entry of one folio: its word of frame and flags, or its index. */
function onFolio(
  field: 'word' | 'index',
  change: (old: bigint, memfd: Memfd, before: bigint, target: DamageTarget) => bigint,
  least = 1,
) {
  return (target: DamageTarget): string => {
    const memfd = memfdOf(target, withFolios(least))
    const n = least - 1 + target.random.below(memfd.nrFolios! - least + 1)
    const offset = field === 'word' ? 0 : 8
    const at = entryAt(target, memfd, n) + offset
    const before = n === 0 ? 0n : u64At(target, entryAt(target, memfd, n - 1) + offset)
    const value = change(u64At(target, at), memfd, before, target)
    target.write64(at, value)
    return `${field} of folio ${n} of ${memfd.path}, at ${hex(at)}, is 0x${value.toString(16)}`
  }
}

const FLAGS = 52n
const PFN_MASK = 2n ** FLAGS - 1n

/** memfds: their structure, and the list of their folios. */
export const memfdDamages: DamageTable = {
  'MEMFD-ABSENT': {
    about: "a memfd's structure is not in the dump",
    apply(target) {
      const { extent, path } = memfdOf(target)
      target.remove(extent.start)
      return `page ${hex(extent.start)} of ${path} taken out`
    },
  },
  'MEMFD-ADDRESS': {
    about: "a memfd's handle is not page aligned",
    apply(target) {
      const { extent, data, path } = target.pick(
        filesOf(target).filter(file => file.memfd !== null),
        'memfd',
      )
      target.write64(extent.start + FILE_DATA, data + 8n)
      return `${path} has handle ${hex(data + 8n)}`
    },
  },
  'MEMFD-DESCRIPTOR': {
    about: 'a memfd without folios has a folio list',
    apply: onField('nrFolios', () => 0n, withFolios(1)),
  },
  'MEMFD-FLAGS': { about: 'a memfd has flags', apply: onField32('flags', 1) },
  'MEMFD-SEALS': { about: 'a memfd has seals that readers refuse', apply: onField32('seals', 0x8000_0000) },
  'MEMFD-POSITION': { about: 'a file position is none', apply: onField('pos', () => 2n ** 63n) },
  'MEMFD-SIZE': { about: 'a memfd of 0 bytes has folios', apply: onField('size', () => 0n, withFolios(1)) },
  'MEMFD-FOLIO-COUNT': {
    about: 'a memfd has more folios than its list has room for',
    apply: onField(
      'nrFolios',
      (memfd, target) =>
        BigInt((memfd.vmalloc!.totalPages * target.geometry.pageSize) / MEMFD_LUO_FOLIO_SER.size + 1),
      withFolios(1),
    ),
  },
  'MEMFD-FOLIOS-CUT': {
    about: 'a memfd has many more folios than its list has pages',
    apply: onField('nrFolios', () => 2n ** 40n, withFolios(1)),
  },
  'MEMFD-FOLIOS-ABSENT': {
    about: 'a page of a folio list is not in the dump',
    apply(target) {
      const memfd = memfdOf(target, withFolios(1))
      const page = target.pick([...memfd.vmalloc!.runs], 'page of a folio list')
      target.remove(page)
      return `page ${hex(page)} of ${memfd.path} taken out`
    },
  },
  'MEMFD-FOLIO-HOLE': { about: 'a folio has no page', apply: onFolio('word', () => 0n) },
  'MEMFD-FOLIO-PFN': {
    about: 'a page frame number is no address',
    apply: onFolio('word', old => old | (2n ** 51n)),
  },
  'MEMFD-FOLIO-CLEAN': {
    about: 'a folio is not marked dirty',
    apply: onFolio('word', old => old & ~(1n << FLAGS)),
  },
  'MEMFD-FOLIO-NOT-UPTODATE': {
    about: 'a folio is not marked up to date',
    apply: onFolio('word', old => old & ~(2n << FLAGS)),
  },
  'MEMFD-FOLIO-FLAGS': {
    about: 'a folio has a flag that nobody knows',
    apply: onFolio('word', old => old | (4n << FLAGS)),
  },
  'MEMFD-FOLIO-INDEX': {
    about: 'a folio lies behind the end of the file',
    apply: onFolio('index', (old, memfd) => old + BigInt(memfd.size ?? 0) + 1n),
  },
  'MEMFD-FOLIO-COLLISION': {
    about: 'two folios have the same place in the file',
    apply: onFolio('index', (_old, _memfd, before) => before, 2),
  },
  'MEMFD-FOLIO-OVERLAP': {
    about: 'two folios have the same page',
    apply: onFolio('word', (old, _memfd, before) => (old & ~PFN_MASK) | (before & PFN_MASK), 2),
  },
  'MEMFD-COVERAGE': {
    about: 'a memfd is longer than its folios',
    apply: onField(
      'size',
      (memfd, target) => BigInt((memfd.size ?? 0) + 2 * target.geometry.pageSize),
      withFolios(1),
    ),
  },
  'MEMFD-FOLIO-RANGE': {
    about: 'a folio begins within the one before it in the file',
    apply(target) {
      const { pages } = target.tracker().decode
      const isLarge = (memfd: Memfd) => {
        if (!withFolios(2)(memfd)) return false
        const frame = Number(u64At(target, entryAt(target, memfd, 0)) & PFN_MASK)
        return (blocksAt(pages, frame * target.geometry.pageSize)[0]?.order ?? 0) > 0
      }
      const memfd = memfdOf(target, isLarge)
      const list = entryAt(target, memfd, 0)
      target.write64(entryAt(target, memfd, 1) + 8, u64At(target, list + 8) + 1n)
      return `the second folio of ${memfd.path} begins a page behind the first`
    },
  },
  'MAP-DUPLICATE-OWNER': {
    about: 'two memfds have the same folio',
    apply(target) {
      const [first, second] = memfdsOf(target).filter(withFolios(1))
      if (first === undefined || second === undefined) throw cannotBreak('second memfd with folios')
      const [from, to] = [entryAt(target, first, 0), entryAt(target, second, 0)]
      target.write64(to, u64At(target, from))
      return `the first folio of ${second.path} is that of ${first.path}`
    },
  },
}

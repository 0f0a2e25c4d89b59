import type { Blob, Memblock, MemblockRegion } from '../../formats/blobs/index.js'
import { RESERVE_MEM_COMPATIBLE } from '../../formats/blobs/memblock.js'
import { rangeAt } from '../../formats/memory/range.js'
import { type ClaimTraits, singleClaim } from './claim.js'
import { extentsContent } from './content.js'
import { namedElements } from './elements.js'
import { treeMemory } from './fdt.js'
import { address, defineKind, list, NO_MEMORY, name, size } from './kind.js'

const traitsOf = (version: string | null): ClaimTraits => ({ kind: 'data', version, preserved: true })

/** What is claimed by all regions of a kernel. */
const USUAL = traitsOf(RESERVE_MEM_COMPATIBLE)

const REGION = defineKind<MemblockRegion>({
  what: 'reserve_mem region',
  fields: {
    name: name(region => region.name),
    compatible: name(region => region.compatible, { orNull: 'missing', change: 'version' }),
    start: address(region => region.start, { orNull: 'missing, or no physical address' }),
    size: size(region => region.size, { orNull: 'missing, or no size' }),
  },
  memory({ start, size: bytes }) {
    return start === null || bytes === null ? NO_MEMORY : { extents: [rangeAt(start, bytes)] }
  },
  *claims({ start, size: bytes, compatible }, _, path) {
    if (start === null || bytes === null || bytes === 0) return
    yield singleClaim(path, start, bytes, compatible === USUAL.version ? USUAL : traitsOf(compatible))
  },
  item: {
    kind: 'region',
    text: () => 'reserve_mem region',
    size: region => region.size,
    content: ({ start, size: bytes }) =>
      start === null || bytes === null ? null : extentsContent([rangeAt(start, bytes)]),
  },
})

/** The regions of reserve_mem=. A path goes through to them: `memblock/khotrace`. */
export const MEMBLOCK = defineKind<{ blob: Blob; value: Memblock }>({
  what: 'memblock',
  fields: {
    compatible: name(({ value }) => value.compatible, { change: 'version' }),
    regions: list(
      'list of regions',
      REGION,
      ({ blob, value }) => namedElements(blob.path, value.regions, region => region.name),
      { through: 'all' },
    ),
  },
  memory: ({ blob }, state, path) => treeMemory(state, blob, path),
})

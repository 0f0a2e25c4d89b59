import { defineStruct, offsetOf } from './struct.js'

/** Begins each page of a chain of blocks; `count` entries follow it. */
export const KHO_BLOCK_HEADER = defineStruct('kho_block_header_ser', {
  since: '7.2',
  source: 'include/linux/kho/abi/block.h',
  size: 16,
  fields: [
    { name: 'next', type: 'addr', offset: 0, doc: 'next block, 0 at the end' },
    { name: 'count', type: 'u64', offset: 8, doc: 'entries in this block' },
  ],
})

/** KHO_MAX_BLOCKS of kernel/liveupdate/kho_block.c, 7.2: a chain of more is refused. */
export const KHO_MAX_BLOCKS = 10_000

/** How such a chain is linked. */
export const KHO_BLOCK_CHAIN = { nextAt: offsetOf(KHO_BLOCK_HEADER, 'next'), most: KHO_MAX_BLOCKS }

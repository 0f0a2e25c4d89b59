import { checkChildNames, checkRootFdtSize, checkRootMap, checkRootStructure } from '../checks/root.js'
import { EVERY, family, HANDOVER, MERGED, WHO } from './define.js'

const POPULATE = `kho_populate(): ${HANDOVER}`

/** The FDT that everything hangs off. */
export const ROOT_RULES = family('root', [
  {
    id: 'ROOT-FDT-INVALID',
    severity: 'error',
    title: 'the root is a flattened device tree',
    explanation:
      'At the address that the next kernel is told there is no FDT, or one whose header contradicts itself. The whole hand-over is dropped, and all preserved memory is used as if it were free.',
    applies: EVERY,
    kernel: '"setup: handover FDT (0x…) is invalid: …", "disabling KHO revival: …"',
    source: POPULATE,
    effect: 'rejected',
  },
  {
    id: 'ROOT-NOT-FOUND',
    severity: 'error',
    title: 'at the address of the root there is a KHO root',
    explanation:
      'The address that was given, or that a record names, holds no FDT that is compatible with any version of KHO. Without a root there is no state to look at; what the kernel makes of such an address is told by the rules beside this one.',
    applies: EVERY,
    kernel: 'reads what is there as its root FDT, and most likely refuses it',
    source: POPULATE,
    effect: 'rejected',
  },
  {
    id: 'ROOT-COMPATIBLE',
    severity: 'error',
    title: "the root's compatible list has the reader's string",
    explanation:
      'A kernel takes exactly one layout of the map, by name: kho-v1 up to 7.0, kho-v3 in 7.1, kho-v4 in 7.2. Any other is dropped whole. `kho abi A B` says which releases can hand over to which; `kho convert` writes the same state for another one.',
    applies: `${MERGED}; patch v5 does not look`,
    kernel: '"setup: handover FDT (0x…) is incompatible with \'kho-v…\': …", then it boots without KHO',
    source: POPULATE,
    effect: kernel => (kernel.reads.checksCompatible ? 'rejected' : 'none'),
  },
  {
    id: 'ROOT-MAP-PROPERTY',
    severity: 'error',
    title: 'the map pointer is there, and 8 bytes long',
    explanation:
      'Without `preserved-memory-map` the reader cannot find the map. Up to 6.18 it goes on without one: the blobs are offered to their users, but the memory behind them was not reserved.',
    applies: EVERY,
    kernel: `"failed to get preserved memory bitmaps" (${WHO.chunks}), "failed to get preserved memory map" (${WHO.trees})`,
    source: `kho_mem_deserialize() (${WHO.mapLater}), kho_get_mem_map_phys() (${WHO.mapInPopulate})`,
    effect: kernel => (kernel.reads.mapChecked === 'populate' ? 'rejected' : 'reported'),
  },
  {
    id: 'ROOT-MAP-ZERO',
    severity: 'error',
    title: 'the map pointer is not 0',
    explanation:
      'Up to 7.0 the pointer is 0 until finalize: an outgoing state that shows it is not finished, which is normal before the jump (a note). Handed over like that, readers up to 6.18 reserve nothing and say nothing; from 6.19 on they refuse the hand-over.',
    applies: EVERY,
    kernel: 'to 6.18: nothing is reserved, without a word; from 6.19: "disabling KHO revival"',
    source: POPULATE,
    effect: kernel => (kernel.reads.mapChecked === 'populate' ? 'rejected' : 'silent'),
    check: checkRootMap,
  },
  {
    id: 'ROOT-MANY',
    severity: 'info',
    title: 'a dump has two roots, and stale copies',
    explanation:
      'Very many pages look like KHO roots. Only the first ones are looked at; --root ADDR names one.',
    applies: EVERY,
    kernel: 'nothing: a kernel is told the address',
    source: 'no kernel code: this is about the dump',
    effect: 'none',
  },
  {
    id: 'FDT-BROKEN',
    severity: 'error',
    title: 'the structure of the root FDT can be read to its end',
    explanation:
      'A token, a name or a length in the root FDT is wrong. libfdt reads only as far as it must: what lies before the fault is still found, what lies behind it is not.',
    applies: EVERY,
    kernel:
      'only the header is checked; a lookup that meets the fault fails with -FDT_ERR_BADSTRUCTURE (-11)',
    source: 'libfdt, called by kho_populate() and kho_retrieve_subtree()',
    effect: 'none',
  },
  {
    id: 'FDT-ODD',
    severity: 'warning',
    title: 'the root FDT is written as the kernel writes it',
    explanation: 'Something in the root FDT is allowed, or does no harm, but no kernel writes it.',
    applies: EVERY,
    kernel: 'does not notice',
    source: 'libfdt',
    effect: 'none',
  },
  {
    id: 'ROOT-FDT-SIZE',
    severity: 'error',
    title: 'the root FDT fits one page',
    explanation:
      'Kernels map one page for the root FDT, and hand over its length as one page. A larger totalsize lets a reader go past the mapping; as long as what the FDT uses of it lies in the page, none does.',
    applies: MERGED,
    kernel: 'does not compare totalsize with the length that it was told',
    source: 'kho_out_fdt_setup(), kho_populate()',
    effect: 'none',
    check: checkRootFdtSize,
  },
])

/** The children of the root FDT. Early boot does not look at them: their users do. */
export const CHILD_RULES = family('blob', [
  {
    id: 'ROOT-STRUCTURE',
    severity: 'error',
    title: 'every child of the root FDT can be looked up',
    explanation:
      'A fault in the structure of the root FDT lies before the place where the children end, so that looking up a child stops there. Users of KHO get an error for nodes that are in memory all the same.',
    applies: EVERY,
    kernel: 'fdt_subnode_offset() gives -FDT_ERR_BADSTRUCTURE; the users get -ENOENT or -EINVAL',
    source: 'kho_retrieve_subtree(), reserve_mem_kho_revive()',
    effect: 'reported',
    check: checkRootStructure,
  },
  {
    id: 'ROOT-CHILD-DUPLICATE',
    severity: 'error',
    title: 'names of the children of the root FDT are unique',
    explanation:
      'Two children have one name. A reader finds the first one; the second user never sees its data, and nobody frees its memory.',
    applies: `${EVERY}; writers refuse it with -EEXIST from 6.19 on`,
    kernel:
      'the first one wins; "failed to add … to debugfs: -17" is said of the other, where there is debugfs',
    source: 'kho_add_subtree(), kho_retrieve_subtree(), kho_in_debugfs_init()',
    effect: kernel => (kernel.layout.blobProperty === null ? 'silent' : 'reported'),
    check: checkChildNames,
  },
])

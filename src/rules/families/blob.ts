import { checkBlobAddress, checkBlobPreserved, checkChildProperties } from '../checks/blob.js'
import { checkChildReaders } from '../checks/readers.js'
import { absent, EVERY, family, MERGED, WHO } from './define.js'

/** What the children of the root FDT point to. */
export const BLOB_RULES = family('blob', [
  absent('BLOB-ABSENT', 'A blob', EVERY, 'What it says, and what it owns, is not known.'),
  {
    id: 'BLOB-PROPERTY',
    severity: 'error',
    title: "every child has its blob's address, and from 7.1 on its size, 8 bytes each",
    explanation:
      'A child of the root FDT lacks `fdt` (to 7.0) or `preserved-data` (7.1 on), or `blob-size` (7.1 on), or they have another length. When the page of the root FDT was full, kho_add_subtree() left such half-made nodes behind.',
    applies: MERGED,
    kernel: `"broken KHO subnode '…': missing or invalid blob-size property" (${WHO.blobSize}); the user gets -EINVAL`,
    source: 'kho_retrieve_subtree(): kernel/liveupdate/kexec_handover.c',
    effect: kernel => (kernel.layout.blobProperty === null ? 'none' : 'reported'),
    check: checkChildProperties,
  },
  {
    id: 'BLOB-NO-READER',
    severity: 'info',
    title: 'somebody in the reading kernel asks for each child',
    explanation:
      'No subsystem of the reading kernel itself looks for a child of this name, and no layout tells of it. A module of somebody’s may; or the name is misspelt, or of another release, and what it hands over is lost without a word, its memory with it.',
    applies: EVERY,
    kernel: 'nothing: children are asked for by name',
    source: 'kho_retrieve_subtree(); its callers',
    effect: 'none',
    check: checkChildReaders,
  },
  {
    id: 'BLOB-ADDRESS',
    severity: 'error',
    title: 'the address of a blob is one in RAM',
    explanation:
      'The address of a child is 0, or larger than any memory, or where the machine has no RAM. The reader hands it to the user as it is.',
    applies: MERGED,
    kernel: 'no check: the user reads there, and may fault',
    source: 'kho_retrieve_subtree()',
    effect: 'silent',
    check: checkBlobAddress,
  },
  {
    id: 'BLOB-UNPRESERVED',
    severity: 'error',
    title: 'every page of a blob is preserved',
    explanation:
      'A page of a blob is not in the map. It is given to the allocator in early boot and overwritten, before or after its user looks at it. Up to 7.0 the whole pages of the FDT count, from 7.1 on those of blob-size.',
    applies: MERGED,
    kernel: 'no check: the user reads what is there by then',
    source: 'kho_add_subtree(); its callers preserve the memory themselves',
    effect: 'silent',
    check: checkBlobPreserved,
  },
  {
    id: 'BLOB-FDT-INVALID',
    severity: 'error',
    title: 'a blob that should be an FDT is one',
    explanation:
      'The bytes are no FDT, or a broken one. KHO itself does not look: each user gets its own error.',
    applies: MERGED,
    kernel:
      'memblock: "FDT \'memblock\' is incompatible with \'memblock-v1\': -1"; kho_test: "KHO restore failed"; LUO panics',
    source:
      'reserve_mem_kho_revive(): mm/memblock.c; kho_test_restore(): lib/test_kho.c; luo_early_startup()',
    effect: (kernel, path) => (path === 'luo' && kernel.users.luo?.form === 'fdt' ? 'oops' : 'reported'),
  },
  {
    id: 'BLOB-FDT-SIZE',
    severity: 'error',
    title: 'an FDT is no longer than blob-size says',
    explanation:
      "The FDT's own totalsize is larger than the size that the root FDT gives. What lies past blob-size need not be preserved.",
    applies: WHO.blobSize,
    kernel: 'does not compare them',
    source: 'kho_retrieve_subtree()',
    effect: 'none',
  },
])

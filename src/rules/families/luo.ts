import { checkLuoHandlers, checkLuoPreserved, checkLuoSerialised } from '../checks/luo.js'
import type { RuleEntry } from './define.js'
import { absent, family, LUO_ALL, LUO_BLOCKS, LUO_FDT_FORM, WHO, whereLuo } from './define.js'

const EARLY = `luo_early_startup(): kernel/liveupdate/luo_core.c (${WHO.luo})`
const SESSIONS = `luo_session_deserialize(): kernel/liveupdate/luo_session.c (${WHO.luo})`
const FILES = `luo_file_deserialize(): kernel/liveupdate/luo_file.c (${WHO.luo})`
const BLOCKS = `kho_block_set_restore(): kernel/liveupdate/kho_block.c (${WHO.luoStruct})`
const LATE = 'opening /dev/liveupdate gives -EIO: no session can be retrieved'

const luoEarly = { severity: 'error', applies: LUO_ALL, source: EARLY, effect: whereLuo('oops') } as const
const session = {
  severity: 'error',
  applies: LUO_ALL,
  source: SESSIONS,
  effect: whereLuo('reported'),
} as const
const file = { severity: 'error', applies: LUO_ALL, source: FILES, effect: whereLuo('reported') } as const

/** The chain of sessions is read in early startup, and what is wrong there panics; chains of files are read later. */
const inChain: RuleEntry['effect'] = (kernel, path) =>
  kernel.users.luo?.form !== 'struct' ? 'none' : path?.startsWith('luo/sessions/') ? 'reported' : 'oops'

const block = { severity: 'error', applies: LUO_BLOCKS, source: BLOCKS, effect: inChain } as const
const CHAIN_END = `a chain of sessions: panic from luo_restore_fail(); a chain of files: ${LATE}`

/** The Live Update Orchestrator: the blob, its chains, sessions and files. */
export const LUO_RULES = family('luo', [
  absent('LUO-ABSENT', "A structure of LUO's", LUO_ALL, 'What it lists is not known.'),
  absent(
    'LUO-BLOCK-ABSENT',
    'A block of sessions or files',
    LUO_BLOCKS,
    'Its entries, and all behind them, are not known.',
  ),
  {
    ...luoEarly,
    id: 'LUO-SIZE',
    title: "LUO's blob has at least 32 bytes",
    explanation:
      'blob-size is smaller than struct luo_ser. Nothing of LUO can be trusted, so the kernel stops.',
    kernel: '"LUO state is too small (… < 32)", then panic',
    effect: kernel => (kernel.users.luo?.form === 'struct' ? 'oops' : 'none'),
  },
  {
    ...luoEarly,
    id: 'LUO-COMPATIBLE',
    title: "LUO's blob is of the reader's version",
    explanation:
      'The string of the blob, or of a node in it, is not the one that the reader knows. LUO does not fall back to starting without state: memory and devices are in use that it cannot account for, so it panics.',
    kernel:
      "\"LUO state is incompatible with 'luo-v5'\" or \"FDT 'LUO' is incompatible with 'luo-v1'\", then panic",
  },
  {
    ...luoEarly,
    id: 'LUO-NUMBER',
    applies: LUO_FDT_FORM,
    title: 'the FDT has the number of live updates',
    explanation: 'The property `liveupdate-number` is missing, or not 8 bytes long.',
    kernel: '"Unable to get live update number \'liveupdate-number\'", then panic',
    effect: kernel => (kernel.users.luo?.form === 'fdt' ? 'oops' : 'none'),
  },
  {
    ...luoEarly,
    id: 'LUO-NODE',
    applies: LUO_FDT_FORM,
    title: 'the FDT has its session node, and nodes have their pointers',
    explanation: 'A node that the reader needs, or the pointer in it, is missing or has another length.',
    kernel: '"Unable to get session node: [luo-session]", "Unable to get session header", then panic',
    effect: kernel => (kernel.users.luo?.form === 'fdt' ? 'oops' : 'none'),
  },
  {
    ...luoEarly,
    id: 'LUO-POINTER',
    title: "LUO's pointers are physical addresses",
    explanation:
      'sessions_pa, flbs_pa, a header or a list of files is no physical address, or not that of a page.',
    kernel: 'no check: reads there, and faults',
  },
  {
    ...block,
    id: 'LUO-BLOCK-POINTER',
    title: 'blocks are pages',
    explanation: 'A `next` pointer of a chain is no address of a page. All entries behind it are lost.',
    kernel: `no check of the address: reads there, and faults or finds the block corrupted; ${CHAIN_END}`,
  },
  {
    ...block,
    id: 'LUO-BLOCK-CYCLE',
    title: 'a chain of blocks ends',
    explanation: 'A block links back to one that came before.',
    kernel: `"Block set is corrupted"; ${CHAIN_END}`,
  },
  {
    ...block,
    id: 'LUO-BLOCK-LIMIT',
    title: 'a chain has at most 10,000 blocks',
    explanation: 'The chain is longer than KHO_MAX_BLOCKS.',
    kernel: `"Block set is corrupted"; ${CHAIN_END}`,
  },
  {
    ...block,
    id: 'LUO-BLOCK-COUNT',
    title: 'a block has at least one entry, and no more than fit it',
    explanation:
      'The count of a block is 0, or larger than its page has room for (51 sessions, 63 files with pages of 4K).',
    kernel: `"Block contains invalid entry count"; ${CHAIN_END}`,
  },
  {
    ...block,
    id: 'LUO-BLOCK-PARTIAL',
    severity: 'warning',
    title: 'only the last block of a chain has room left',
    explanation:
      'A block that is not full has another one behind it. Writers fill a block before they link the next.',
    kernel: 'does not care',
    effect: 'none',
  },
  {
    ...block,
    id: 'LUO-BLOCK-SHARED',
    title: 'each block belongs to one chain',
    explanation:
      'Two chains lead to one block. The second one to be freed fails, and files appear in two sessions.',
    kernel: 'no check: both chains have the entries',
    effect: kernel => (kernel.users.luo?.form === 'struct' ? 'reported' : 'none'),
  },
  {
    ...session,
    id: 'LUO-SESSION-COUNT',
    applies: LUO_FDT_FORM,
    title: 'the array has room for as many sessions as it counts',
    explanation: 'The count is larger than the 16 pages of the array have room for.',
    kernel: 'no check: takes memory behind the array for sessions',
    effect: kernel => (kernel.users.luo?.form === 'fdt' ? 'silent' : 'none'),
  },
  {
    ...session,
    id: 'LUO-SESSION-DUPLICATE',
    title: 'names of sessions are unique',
    explanation:
      'Two sessions have one name. The second one cannot be inserted, and with it all of LUO fails.',
    kernel: `"Failed to insert session […] -EEXIST"; ${LATE}`,
  },
  {
    ...session,
    id: 'LUO-NAME-EMPTY',
    severity: 'warning',
    title: 'names are not empty',
    explanation:
      'A session, or an FLB object, has an empty name. Up to 7.1 the ioctl took names of any length for a session.',
    kernel: 'takes it, and gives it to who asks for the empty name',
    source: `luo_session_alloc(), which copies any name: ${SESSIONS}`,
    effect: 'none',
  },
  {
    ...session,
    id: 'LUO-NAME-UNTERMINATED',
    title: 'names and compatible strings end with a NUL',
    explanation:
      'A session name of 64 bytes, or a compatible string or FLB name of 48, has no NUL. The reader compares or prints past its end.',
    kernel:
      'a session: cut to 63 bytes, without a word; a file: "No registered handler for compatible \'…\'"',
    effect: (kernel, path) =>
      kernel.users.luo === null ? 'none' : path?.includes('/files/') === true ? 'reported' : 'silent',
  },
  {
    ...file,
    id: 'LUO-FILES-SHARED',
    applies: LUO_FDT_FORM,
    title: 'each session has an array of files of its own',
    explanation: 'Two sessions have one array. The second one to free it fails.',
    kernel: 'both sessions have the files; kho_restore_free() of the array works once',
  },
  {
    ...file,
    id: 'LUO-FILE-COUNT',
    title: 'a session has as many files as it says',
    explanation:
      'The count of a session is not that of the entries in its list: 0 without being empty, a list without a count, or more than there are. Up to 7.0 such a session was left half restored, and looked fine.',
    kernel: `"File count mismatch: expected …, found …"; ${LATE}`,
    effect: kernel =>
      kernel.users.luo?.form === 'struct' ? 'reported' : kernel.users.luo === null ? 'none' : 'silent',
  },
  {
    ...file,
    id: 'LUO-FILE-COMPATIBLE',
    title: 'a file has a compatible string',
    explanation: 'The string that names the handler is empty.',
    kernel: `"No registered handler for compatible ''"; ${LATE}`,
  },
  {
    ...file,
    id: 'LUO-HANDLER',
    severity: 'warning',
    title: 'the reader has a handler for every file',
    explanation:
      'The reading kernel has no handler of this name among its own. A memfd of another version is lost, and the whole of LUO with it (an error); for another name a module may bring the handler (a warning).',
    kernel: `"No registered handler for compatible '…'", -ENOENT; ${LATE}`,
    effect: 'none',
    check: checkLuoHandlers,
  },
  {
    ...file,
    id: 'LUO-FILE-DATA-ZERO',
    title: "a file's handle is not 0",
    explanation:
      'The handle is what the handler gave for the file. It is 0 where an aborted reboot had cleared it and the next one handed it over.',
    kernel: 'the handler refuses to retrieve the file: -EINVAL',
  },
  {
    ...file,
    id: 'LUO-FILE-DATA-SHARED',
    title: 'each file has a handle of its own',
    explanation:
      'Two files have one handle: one memfd was preserved under two tokens. The first retrieve takes the memory, the second one meets folios that are no longer there to be restored.',
    kernel:
      'the second retrieve: a WARN in kho_restore_page(), "Unable to restore folio at physical address: …"',
  },
  {
    ...file,
    id: 'LUO-TOKEN-DUPLICATE',
    title: 'tokens of a session are unique',
    explanation: 'Two files of a session have one token. Only the first can be retrieved.',
    kernel: 'no check when reading: the first one wins',
    effect: whereLuo('silent'),
  },
  {
    ...file,
    id: 'LUO-UNPRESERVED',
    title: "LUO's structures are preserved",
    explanation:
      "A block, an array, the FLB page, or a file's structure is not in the map, so that it is overwritten before LUO reads it. Mutations of a session while the reboot was going on left such entries up to 7.1.",
    kernel: 'reads what is there by then: no check of what it points to',
    effect: whereLuo('silent'),
    check: checkLuoPreserved,
  },
  {
    ...session,
    id: 'LUO-NOT-SERIALISED',
    severity: 'info',
    title: 'LUO writes its sessions when the reboot comes',
    explanation:
      'There are no sessions in the blob. Either there are none, or the dump is from before reboot(KEXEC), when the lists are written: then memory of its files looks ownerless. Whether a running kernel has written them although no reboot is going on, an image cannot tell.',
    kernel: 'has no session',
    effect: 'none',
    check: checkLuoSerialised,
  },
])

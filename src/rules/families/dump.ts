import { checkBlindSpots } from '../checks/dump-limits.js'
import { EVERY, family } from './define.js'

const ABOUT_THE_FILE = {
  severity: 'info',
  applies: EVERY,
  kernel: 'nothing: this is about the dump file',
  source: 'no kernel code: this is about the dump file',
  effect: 'none',
} as const

/** What the dump, and not the state in it, is like. */
export const DUMP_RULES = family('dump', [
  {
    ...ABOUT_THE_FILE,
    id: 'DUMP-TRUNCATED',
    title: 'the dump file is as long as its headers promise',
    explanation:
      'The file ends before the memory that its headers describe does: a full disk, an interrupted copy. Addresses in the missing part read as truncated, and rules that need them hold back.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DUMP-INCOMPLETE',
    title: 'the program that wrote the dump finished',
    explanation:
      'makedumpfile marked the dump as incomplete. What is there can be trusted; what is not there may have been in memory.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DUMP-NOTE',
    title: 'the notes of the dump can be read',
    explanation: 'An ELF note is cut off or contradicts its size. Memory is read all the same.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DUMP-SEGMENT',
    title: 'every segment of the dump can be used',
    explanation:
      'A program header is no usable piece of memory (no address, no bytes, an overlap) and is left out.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DUMP-RAW-ASSUMED',
    title: 'the file says itself what it is',
    explanation:
      'No container was recognised, so the file was read as raw memory that begins at physical address 0. Where that is wrong, --base, --map or --low-memory say what is right.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DUMP-SHIFTED',
    title: 'what a raw file holds lies where its pointers say',
    explanation:
      'The pointers of a root lead past the structures that they name, all by the same distance: the file leaves out a hole of RAM in front of them (LiME with format=raw does), or begins elsewhere. --base or --map say where its pieces lie.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DUMP-PAGE-SIZE',
    severity: 'warning',
    title: 'the page size of the machine is known',
    explanation:
      'No record names the length of the root FDT, the machine may have pages of several sizes, and the map holds together with more than one of them, or with none: addresses may be wrong by a factor. --page-size says which it is.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DUMP-FILTERED',
    title: 'the dump has every page',
    explanation:
      'makedumpfile left pages out (its dump level): zero pages, cache, user data, free pages. Level 31 takes the contents of preserved memfds with it. Addresses in them read as excluded.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DUMP-ERASED',
    title: 'nothing was erased from the dump',
    explanation:
      'makedumpfile was told to erase data: bytes of structures may have been overwritten on purpose.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DUMP-PART',
    title: 'every file of a split dump was given',
    explanation:
      'Page frames of the dump are in a file of the set that is not there; --part names further files.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DUMP-CODEC',
    title: 'every compression in the dump can be read',
    explanation:
      'The dump says that pages may be compressed in a way for which there is no decompressor here.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DUMP-RAM',
    title: 'the dump says which memory is RAM',
    explanation: 'The bitmap of the RAM pages of the dump is damaged or ambiguous; --ram says what is RAM.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DEBUGFS-CUT',
    title: 'debugfs shows the whole root FDT',
    explanation:
      "The kernel's debugfs file of the root FDT ends before its strings block. Names of properties are told by their lengths, which is safe for what kernels write and for nothing else.",
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DEBUGFS-OVERLAP',
    title: 'files of a debugfs folder lie apart in memory',
    explanation:
      'Two files of the folder claim the same memory. They are of different moments, or of different kernels.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DEBUGFS-SCRATCH',
    title: 'debugfs has a length for each scratch area',
    explanation:
      'scratch_phys and scratch_len (from 7.4 on bootmem_phys and bootmem_len) do not have as many lines, so that no scratch area is known.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'TRACKER-STALE',
    title: 'the map of preserved memory is still there',
    explanation:
      'The pages of a tracker are not preserved themselves: the kernel that received it reads it in early boot and frees it, and they are overwritten soon after. In a dump of that kernel the incoming map is gone, which is no corruption. Look at the outgoing root, or at a dump from before or during early boot.',
  },
  {
    ...ABOUT_THE_FILE,
    id: 'DUMP-BLIND-SPOT',
    title: 'what rules need to know is in the dump',
    explanation:
      'Rules on scratch need the scratch array, and rules on RAM need the list of all RAM. Where the dump has neither, those rules hold back; --scratch and --ram supply them. Before the jump the hand-off record and the array are not in place yet: that is normal.',
    check: checkBlindSpots,
  },
])

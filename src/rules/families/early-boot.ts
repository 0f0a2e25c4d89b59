import { EVERY, family, HANDOVER, WHO } from './define.js'

/** What following a kernel through early boot came to, step by step. */
export const EARLY_BOOT_RULES = family('map', [
  {
    id: 'READER-OOPS',
    severity: 'error',
    title: 'early boot reads the map without a fault',
    explanation:
      'The reading kernel follows a pointer of the map, or asks for the struct page of a preserved block, where there is no memory. So early there is no handler: the machine stops, often without a word on the console. The faults of the tracker beside this finding say which structure is to blame.',
    applies: EVERY,
    kernel:
      'an exception in early boot: "BUG: unable to handle page fault" or "NULL pointer dereference", then panic',
    source: HANDOVER,
    effect: 'oops',
  },
  {
    id: 'READER-LOOP',
    severity: 'error',
    title: 'early boot gets to the end of the map',
    explanation:
      'The reading kernel walks the map without remembering where it was. A list that comes back to itself never ends; a tree in which pages are reached again and again takes longer than anybody waits. The machine hangs in early boot.',
    applies: EVERY,
    kernel: 'hangs in early boot, with no message',
    source: HANDOVER,
    effect: 'loop',
  },
  {
    id: 'READER-UNKNOWN',
    severity: 'info',
    title: 'the bytes that decide are in the dump',
    explanation:
      'What the reading kernel does hangs on memory that the dump lacks. The outcome is unknown; --absent zero predicts it for memory that is zero, and says that it did.',
    applies: EVERY,
    kernel: 'not known',
    source: HANDOVER,
    effect: 'none',
  },
  {
    id: 'READER-ODD-RESERVATION',
    severity: 'error',
    title: 'early boot reserves blocks, and nothing else',
    explanation: `An order or address that the kernel does not check gives a reservation of the wrong size or at the wrong address: sizes are computed in an int (${WHO.intSize}), shifts wrap at 64, an address is used as it stands. What was meant is not protected and will be overwritten.`,
    applies: EVERY,
    kernel: 'reserves the wrong range and says nothing',
    source: `deserialize_bitmap() (${WHO.chunks}), kho_preserved_memory_reserve() (${WHO.trees})`,
    effect: 'silent',
  },
  {
    id: 'READER-MAP-DIFFERS',
    severity: 'error',
    title: 'early boot reserves what the map means',
    explanation:
      'Followed the way the reading kernel does it, the map gives other blocks than were meant: the reader takes another layout for granted (bitmaps of 512 bytes against whole pages under the same string, trees of another depth), or the map is damaged where the kernel does not look. Memory that was meant to survive is given to the allocator.',
    applies: EVERY,
    kernel: 'reserves other memory and says nothing',
    source: HANDOVER,
    effect: 'silent',
  },
  {
    id: 'READER-EXTEND',
    severity: 'warning',
    title: 'early boot can tell which blocks of 1 GiB are free',
    explanation:
      'From 7.3 on early boot walks the map once before it needs memory, and opens every block of 1 GiB with nothing preserved in it to its own allocations. It remembers the others in a tree made of scratch. A block of an order above 40 or so takes a huge number of entries: boot stalls, scratch runs out, and the kernel goes on with scratch alone.',
    applies: '7.3 on',
    kernel: '"KHO: Failed to extend scratch: …"; boot goes on',
    source: 'kho_extend_scratch(): kernel/liveupdate/kexec_handover.c (7.3)',
    effect: 'reported',
  },
  {
    id: 'READER-CMDLINE',
    severity: 'info',
    title: 'the command line lets everything be taken back',
    explanation:
      'What the reading kernel is told on its command line (--reader-cmdline) decides how much of a hand-over it looks at: kho=off passes over LUO, kexec-metadata and the kernel test, without liveupdate=on nobody can ask for a session, and from 7.3.4 on a capture kernel (elfcorehdr=) reserves nothing.',
    applies: EVERY,
    kernel: 'what is passed over stays reserved, and nobody asks for it',
    source:
      'kho_parse_enable(), kho_memory_init(): kernel/liveupdate/kexec_handover.c; early_liveupdate_param(): luo_core.c',
    effect: 'none',
  },
])

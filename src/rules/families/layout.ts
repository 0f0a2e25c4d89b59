import { checkDescribedPreserved } from '../checks/layout.js'
import { checkPciCount, checkPciFree, checkPciUnique } from '../checks/pci.js'
import { absent, family } from './define.js'

const TOLD = {
  severity: 'error',
  applies: 'structures that a layout tells: those of posted series, and those of --layout',
  source: 'the posted series that `kho dump` names beside the structure; no release has it',
  effect: 'none',
} as const

const PCI = {
  severity: 'error',
  applies: 'FLB `pci`, posted and not merged',
  source: 'pci_flb_retrieve(), pci_flb_finish(): drivers/pci/liveupdate.c as posted',
  effect: 'none',
} as const

/** Structures that are told as data, and what the readers that were posted with some of them look at. */
export const LAYOUT_RULES = family('layout', [
  absent('LAYOUT-ABSENT', 'A structure that a layout tells', TOLD.applies, 'What it leads to is not known.'),
  {
    ...TOLD,
    id: 'LAYOUT-POINTER',
    title: 'pointers in structures that a layout tells are physical addresses',
    explanation:
      'A handle, or a field that leads somewhere, is 2^52 or more. Either the state is broken, or the layout is not that of the kernel that wrote it.',
    kernel: 'a reader goes there, and faults',
  },
  {
    ...TOLD,
    id: 'LAYOUT-CHAIN',
    title: 'chains of structures that a layout tells come to an end',
    explanation:
      'A list goes on at an address that is none of a part, comes back to a part of its own, has more than 10000 parts, or one with more entries than it has room for.',
    kernel: 'of KHO blocks, kho_block_set_restore() refuses the whole list; others are followed as they are',
  },
  {
    ...TOLD,
    id: 'LAYOUT-COUNT',
    title: 'lists have room for as many entries as they are said to have',
    explanation:
      'A structure counts more entries than the area, or the memory behind it, has room for. Those that are there are shown.',
    kernel: 'a reader takes what lies behind for entries',
  },
  {
    ...TOLD,
    id: 'LAYOUT-MISFIT',
    title: 'a structure has the values that its reader takes',
    explanation:
      'A version, or another field of which the layout says what it can be, has another value: this is of another version, or something else by the same name. Nothing in it was followed; the memory behind it may look ownerless.',
    kernel:
      'FLB `pci`: another version than 2 is a panic; version 1 as posted in mid September 2026 gave -EINVAL',
  },
  {
    ...TOLD,
    id: 'LAYOUT-CUT',
    severity: 'info',
    title: 'structures that lead to each other come to an end',
    explanation:
      'Structures lead on for more steps than are gone, or are more than the dump has room for: what is shown, and whose memory is whose, is not all.',
    kernel: 'not known',
  },
  {
    ...TOLD,
    id: 'LAYOUT-UNPRESERVED',
    title: 'what a layout leads to is preserved',
    explanation:
      'A structure, a list, or memory that it names is not in the map. It is given to the allocator in early boot and overwritten, before or after its user looks at it.',
    kernel: 'restoring a folio that is not preserved fails; structures are read as they are by then',
    check: checkDescribedPreserved,
  },
  {
    ...PCI,
    id: 'PCI-DUPLICATE',
    title: 'a PCI device has one entry',
    explanation:
      'Two entries in use have the same segment, bus, device and function. The posted reader keeps entries by that number, and the second insertion fails.',
    kernel: 'panics when PCI is enumerated',
    check: checkPciUnique,
  },
  {
    ...PCI,
    id: 'PCI-COUNT',
    title: 'nr_devices is the number of entries in use',
    explanation:
      'nr_devices is not compared with the entries when they are read; it is counted down as devices finish, and must be 0 when the last file has.',
    kernel: 'panics at the last finish: "… preserved device(s) were never finished!"',
    check: checkPciCount,
  },
  {
    ...PCI,
    id: 'PCI-FREE-ENTRY',
    severity: 'warning',
    title: 'an entry of a PCI device without references is empty',
    explanation:
      'A device that is no longer preserved leaves an entry that is all zero, for the next one to use. This one has a reference count of 0 and something in it: a count was lost, or the entry is of a form that is not known.',
    kernel: 'skips it',
    check: checkPciFree,
  },
])

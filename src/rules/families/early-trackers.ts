import { absent, family } from './define.js'

const ARRAY = 'kho_array, RFC of September 2025'
const MEM = 'patches v1 to v4 (`mem` properties), range lists of April 2025'
const IN_ARRAY = { severity: 'error', applies: ARRAY, source: 'the posted RFC (no release)' } as const
const IN_MEM = { severity: 'error', applies: MEM, source: 'the posted patches (no release)' } as const

/** Layouts that were posted and never merged. */
export const EARLY_TRACKER_RULES = family('early-trackers', [
  absent(
    'ARRAY-ABSENT',
    'A page of the array',
    ARRAY,
    'The entries of it and of the pages behind it are not known.',
  ),
  {
    ...IN_ARRAY,
    id: 'ARRAY-HEADER',
    title: "the array begins with 'KARR' and version 0",
    explanation: 'The map pointer leads to something that is no kho_array.',
    kernel: 'checks magic and version, and refuses the array',
    effect: 'rejected',
  },
  {
    ...IN_ARRAY,
    id: 'ARRAY-POINTER',
    title: 'pages of the array are pages, each linked once',
    explanation: 'A pointer to the next page of the array is no address of a page, or leads back.',
    kernel: 'follows it without a check',
    effect: 'silent',
  },
  {
    ...IN_ARRAY,
    id: 'ARRAY-ENTRY',
    title: 'entries lead to elements',
    explanation: 'An entry, an address in the direct map of the writer, leads to bytes that are no element.',
    kernel: 'reads them as an element',
    effect: 'silent',
  },
  {
    ...IN_ARRAY,
    id: 'ARRAY-DIRECT-MAP',
    title: 'entries are addresses in one direct map',
    explanation:
      'Entries are virtual addresses of the old kernel. No start of its direct map makes elements of all of them: they are damaged, or the dump lacks the elements. A reader with address randomisation could not read them either.',
    kernel: 'uses the addresses as they are: works only where both kernels have the same direct map',
    effect: 'silent',
  },
  {
    ...IN_MEM,
    id: 'MEM-RANGE',
    title: 'ranges are ranges of memory',
    explanation: 'A start and a size that are no range below 2^52, or more pages than any machine has.',
    kernel: 'reserves what comes out',
    effect: 'silent',
  },
  {
    ...IN_MEM,
    id: 'MEM-ALIGN',
    severity: 'warning',
    title: 'ranges are made of pages',
    explanation: 'A range begins or ends inside a page; all of that page is taken as preserved.',
    kernel: 'reserves the range to the byte, and memblock rounds it',
    effect: 'none',
  },
  {
    ...IN_MEM,
    id: 'MEM-ADDRESS',
    title: 'entries of `mem` are addresses',
    explanation: 'The address of an entry is larger than any memory.',
    kernel: 'reserves what comes out',
    effect: 'silent',
  },
  {
    ...IN_MEM,
    id: 'MEM-LENGTH',
    severity: 'warning',
    title: '`mem` is an array of 16-byte entries',
    explanation: 'The length of the property is no multiple of 16, so that it is no array of ranges.',
    kernel: 'skips the property: its memory is not preserved',
    effect: 'silent',
  },
])

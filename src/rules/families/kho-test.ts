import { checkTestFolios, checkTestSum } from '../checks/kho-test.js'
import { absent, family, MERGED } from './define.js'

const COMMON = {
  severity: 'error',
  applies: `${MERGED}, with CONFIG_TEST_KHO`,
  kernel: '"KHO restore failed"; -EINVAL from the module',
  source: 'kho_test_restore(), kho_test_restore_data(): lib/test_kho.c',
  effect: 'reported',
} as const

/** What the kernel's own test hands over. */
export const KHO_TEST_RULES = family('kho-test', [
  absent('KHO-TEST-ABSENT', 'The list of folios of kho_test', COMMON.applies, 'Its folios are not known.'),
  {
    ...COMMON,
    id: 'KHO-TEST-COMPATIBLE',
    title: "kho_test's FDT is compatible with kho-test-v1",
    explanation: 'The compatible string is another one. The test refuses the data.',
  },
  {
    ...COMMON,
    id: 'KHO-TEST-MAGIC',
    title: "kho_test's magic is 0x4b484f21",
    explanation: 'The property `magic` is missing, or another number.',
  },
  {
    ...COMMON,
    id: 'KHO-TEST-DATA',
    title: 'kho_test has nr_folios, csum and folios_info',
    explanation: 'A property of the node `data` is missing, or has another length than the releases write.',
  },
  {
    ...COMMON,
    id: 'KHO-TEST-COUNT',
    title: 'as many folios are listed as nr_folios says',
    explanation: 'The list of folios is shorter than it should be.',
  },
  {
    ...COMMON,
    id: 'KHO-TEST-FOLIO',
    title: 'folios of kho_test are addresses with an order',
    explanation: 'An entry of the list is no address of a page with an order in its low bits.',
  },
  {
    ...COMMON,
    id: 'KHO-TEST-UNPRESERVED',
    title: 'folios of kho_test are preserved with the order in the list',
    explanation:
      'A folio of the list is not in the map, or with another order. The test stops there, and its sum comes out wrong.',
    check: checkTestFolios,
  },
  {
    ...COMMON,
    id: 'KHO-TEST-CSUM',
    title: 'the contents of the folios are those that were summed',
    explanation:
      'The sum over all folios is not the one in the FDT: contents were changed after they were preserved, or overwritten. Compared modulo 0xffff, because the 32-bit value depends on the architecture.',
    check: checkTestSum,
  },
])

import { checkLuoFlbNames } from '../checks/luo.js'
import { family, WHO, whereLuo } from './define.js'

const FLBS = `kernel/liveupdate/luo_flb.c (${WHO.flbs})`

const flb = {
  severity: 'error',
  applies: `FLBs of LUO: ${WHO.flbs}`,
  source: FLBS,
  effect: whereLuo('silent'),
} as const

/** LUO's file-lifecycle-bound objects. */
export const LUO_FLB_RULES = family('luo', [
  {
    ...flb,
    id: 'LUO-FLB-PAGES',
    title: 'the FLB page counts itself as 1',
    explanation:
      'The header of the page says another number of pages than 1. Writers always write 1, and no reader looks: the page is no FLB page, or damaged elsewhere too.',
    kernel: 'nothing: luo_flb_setup_incoming() takes the address, and reads the count alone',
    effect: 'none',
  },
  {
    ...flb,
    id: 'LUO-FLB-COUNT',
    title: 'the FLB page has room for as many objects as it counts',
    explanation: 'The count is larger than one page has room for: 63 with pages of 4K.',
    kernel: 'trusts the count: takes memory behind the page for objects',
  },
  {
    ...flb,
    id: 'LUO-FLB-DUPLICATE',
    title: 'names of FLB objects are unique',
    explanation: 'Two objects have one name. The second one is never found.',
    kernel: 'the first one wins',
  },
  {
    ...flb,
    id: 'LUO-FLB-REFCOUNT',
    title: 'an FLB object is held by as many files as need it',
    explanation:
      'The count is 0, or larger than the number of files. An object that is held once too often is never finished: liveupdate_flb_get_outgoing() raises the very counter that is handed over, so somebody who held the object at the reboot is counted as a file.',
    kernel: 'finish() of the object comes too early, or never',
  },
  {
    ...flb,
    id: 'LUO-FLB-DATA',
    severity: 'warning',
    title: "FLB objects of LUO's own test hold what it put there",
    explanation:
      'The handle of an object `liveupdate-test-flb-vN` is not 0xfeedf00dcafebee0 + N. Handles of other objects are their own business.',
    kernel: '"incorrect data handle", where the kernel has the test: lib/tests/liveupdate.c',
    effect: whereLuo('reported'),
  },
  {
    ...flb,
    id: 'LUO-FLB-VERSION',
    severity: 'warning',
    title: 'FLB objects are of versions that are known',
    explanation:
      'The name has the stem of a known object, and another version. A user that asks for its own version is told that nothing was preserved, which is not so.',
    kernel: '-ENOENT, as if there were none',
    effect: 'none',
    check: checkLuoFlbNames,
  },
])

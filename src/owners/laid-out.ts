import { KhoError } from '../../formats/error.js'
import { isTooFine } from '../../formats/pages/coverage-algebra.js'
import type { PageSet } from '../../formats/pages/page-set.js'

/**
 * Stops whoever would lay out the memory of a set that no kernel can have written, and that takes gigabytes.
 *
 * @throws KhoError `broken-state`
 */
export function checkLaidOut(pages: PageSet): void {
  if (!isTooFine(pages)) return
  const message =
    'a bitmap of large blocks is named again and again: what it stands for is too much to be laid out'
  throw new KhoError('broken-state', message, {
    path: 'tracker',
    hint: 'stat counts it, and validate says what is wrong with it',
  })
}

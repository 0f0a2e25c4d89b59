import { KhoError } from '../../formats/error.js'
import { joinPath, parsePath } from '../../formats/layout/index.js'
import { didYouMean } from '../../formats/layout/nearest.js'
import type { KhoState } from '../image/state.js'
import { stateNode } from '../model/state.js'
import { CHANGE_CLASSES, type Change, type ChangeClass } from './change.js'

/** True for a class of changes. */
function isChangeClass(text: string): text is ChangeClass {
  return (CHANGE_CLASSES as readonly string[]).includes(text)
}

/**
 * What `--ignore` names, as paths are written: a class, or a path. `/` is everything.
 *
 * @throws KhoError `usage` for what is neither
 */
export function ignoreTerm(text: string): string {
  return isChangeClass(text) ? text : joinPath(parsePath(text))
}

/**
 * Refuses a term that names nothing there can be: neither a class, nor a path that begins with a part of one of the states.
 *
 * @throws KhoError `usage`, with what may have been meant
 */
export function checkTerm(term: string, states: readonly KhoState[]): void {
  if (isChangeClass(term) || term === '/') return
  const [first] = parsePath(term)
  if (states.some(state => first !== undefined && stateNode(state).step(first) !== null)) return
  const names = [...CHANGE_CLASSES, ...states.flatMap(state => stateNode(state).names())]
  throw new KhoError('usage', `--ignore: '${term}' is neither a class of changes nor a part of a state`, {
    hint: didYouMean(term, [...new Set(names)]) ?? `classes are ${CHANGE_CLASSES.join(', ')}`,
  })
}

/** True where a change is of an ignored class, or at or below an ignored path, on either side. */
export function isIgnored(change: Change, terms: readonly string[]): boolean {
  const paths = [change.path, change.a?.path, change.b?.path].filter(path => path !== undefined)
  return terms.some(
    term =>
      term === change.class ||
      term === '/' ||
      paths.some(path => path === term || path.startsWith(`${term}/`)),
  )
}

import { joinPath, parsePath } from '../../formats/layout/index.js'
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

import type { Terminal } from './terminal.js'

/**
 * True where the locale says that text is not in UTF-8 (`LANG=C`). One that says nothing, as in most containers, does not say
 * that.
 */
export function isAsciiLocale({ LC_ALL, LC_CTYPE, LANG }: Terminal['env']): boolean {
  const locale = [LC_ALL, LC_CTYPE, LANG].find(value => value !== undefined && value !== '')
  return locale !== undefined && !/utf-?8/i.test(locale)
}

import { hex } from '../../formats/memory/fault.js'
import type { Severity } from '../rules/rule.js'
import type { Finding, OutcomeWord } from '../validate/verdict.js'
import { escapeText } from './escape.js'
import type { Palette } from './view-text.js'

/** `<severity> <RULE-ID> <path or -> <0xphys or ->: <message>`. */
export function findingLine(finding: Finding, palette: Palette): string {
  const { severity, rule, path, address, message, count } = finding
  const more = count > 1 ? ` (${count} in all)` : ''
  const place = `${path === null ? '-' : escapeText(path)} ${address === null ? '-' : hex(address)}`
  return `${severityColor(severity, palette)(severity)} ${palette.label(rule)} ${place}: ${escapeText(message)}${more}`
}

/** `1 error, 0 warnings, 2 notes`. */
export function findingCounts(findings: readonly Finding[]): string {
  const count = (severity: Severity) => findings.filter(finding => finding.severity === severity).length
  return `${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')}, ${plural(count('info'), 'note')}`
}

/** An outcome's word in the colour of what it means. */
export function outcomeText(word: OutcomeWord, palette: Palette): string {
  if (word === 'ok') return palette.good(word)
  return word === 'unknown' ? palette.warning(word) : palette.bad(word)
}

function severityColor(severity: Severity, palette: Palette): (text: string) => string {
  return severity === 'error' ? palette.bad : severity === 'warning' ? palette.warning : palette.faint
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

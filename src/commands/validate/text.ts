import { hex } from '../../../formats/memory/fault.js'
import { escapeText } from '../../render/escape.js'
import type { Palette } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'
import type { Severity } from '../../rules/rule.js'
import type { Coverage, Finding, OutcomeWord, Validation } from '../../validate/verdict.js'

/** The lines of `kho validate`: outcome, findings, summary. docs/cli.md: their forms are stable. */
export function writeValidation(write: Writer, validation: Validation, palette: Palette): void {
  const { outcome, findings, coverage } = validation
  write(`outcome: ${outcomeColor(outcome.word, palette)(outcome.word)} (${escapeText(outcome.kernel)})\n`)
  for (const finding of findings) write(`${findingLine(finding, palette)}\n`)
  write(`${summary(findings, coverage)}\n`)
  for (const assumption of outcome.assumptions) write(`assumed: ${escapeText(assumption)}\n`)
}

/** `<severity> <RULE-ID> <path or -> <0xphys or ->: <message>`. */
function findingLine(finding: Finding, palette: Palette): string {
  const { severity, rule, path, address, message, count } = finding
  const more = count > 1 ? ` (${count} in all)` : ''
  const place = `${path === null ? '-' : escapeText(path)} ${address === null ? '-' : hex(address)}`
  return `${severityColor(severity, palette)(severity)} ${palette.label(rule)} ${place}: ${escapeText(message)}${more}`
}

function summary(findings: readonly Finding[], coverage: Coverage): string {
  const count = (severity: Severity) => findings.filter(finding => finding.severity === severity).length
  const { trackerNodes, trackerNodesAbsent, blobs, blobsAbsent } = coverage
  const unknown = [coverage.scratchKnown ? '' : 'scratch', coverage.ramKnown ? '' : 'RAM'].filter(Boolean)
  const lacks = unknown.length === 0 ? '' : `; not known: ${unknown.join(', ')}`
  return (
    `${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')}, ${plural(count('info'), 'note')}; ` +
    `read ${trackerNodes} of ${trackerNodes + trackerNodesAbsent} tracker pages, ${blobs} of ${blobs + blobsAbsent} blobs${lacks}`
  )
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function severityColor(severity: Severity, palette: Palette): (text: string) => string {
  return severity === 'error' ? palette.bad : severity === 'warning' ? palette.warning : palette.faint
}

function outcomeColor(word: OutcomeWord, palette: Palette): (text: string) => string {
  return word === 'ok' ? palette.good : word === 'unknown' ? palette.warning : palette.bad
}

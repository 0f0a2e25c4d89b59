import { escapeText } from '../../render/escape.js'
import { findingCounts, findingLine, outcomeText } from '../../render/finding-text.js'
import type { Palette } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'
import type { Coverage, Finding, Validation } from '../../validate/verdict.js'

/** The lines of `kho validate`: outcome, findings, summary. docs/cli.md: their forms are stable. */
export function writeValidation(write: Writer, validation: Validation, palette: Palette): void {
  const { outcome, findings, coverage } = validation
  write(`outcome: ${outcomeText(outcome.word, palette)} (${escapeText(outcome.kernel)})\n`)
  for (const finding of findings) write(`${findingLine(finding, palette)}\n`)
  write(`${summary(findings, coverage)}\n`)
  for (const assumption of outcome.assumptions) write(`assumed: ${escapeText(assumption)}\n`)
}

function summary(findings: readonly Finding[], coverage: Coverage): string {
  const { trackerNodes, trackerNodesAbsent, blobs, blobsAbsent } = coverage
  const unknown = [coverage.scratchKnown ? '' : 'scratch', coverage.ramKnown ? '' : 'RAM'].filter(Boolean)
  const lacks = unknown.length === 0 ? '' : `; not known: ${unknown.join(', ')}`
  return (
    `${findingCounts(findings)}; ` +
    `read ${trackerNodes} of ${trackerNodes + trackerNodesAbsent} tracker pages, ${blobs} of ${blobs + blobsAbsent} blobs${lacks}`
  )
}

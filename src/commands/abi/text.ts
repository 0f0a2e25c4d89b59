import { ABIS, handlersOf, READING_KERNELS, writersOf } from '../../../formats/kernels/index.js'
import { escapeText } from '../../render/escape.js'
import type { JsonOf } from '../../render/json.js'
import type { Palette } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'
import type { CompatRow } from '../../rules/compat.js'
import type { schema } from './schema.js'

/** The table of layouts, and of releases that read them. */
export function writeAbis(write: Writer, palette: Palette): void {
  const rows = ABIS.map(abi => [abi.name, abi.compatible, abi.tracker, bitmapOf(abi.bitmap), writersOf(abi)])
  writeColumns(write, [['ABI', 'compatible', 'tracker', 'bitmap', 'written by'], ...rows], palette)
  write('\n')
  const kernels = READING_KERNELS.map(kernel => [
    kernel.name,
    kernel.layout.name,
    kernel.users.luo?.version ?? '-',
    handlersOf(kernel).join(' ') || '-',
    kernel.reads.mapChecked === 'populate' ? 'refused' : 'an error, and nothing reserved',
  ])
  writeColumns(write, [['kernel', 'reads', 'LUO', 'memfd', 'without a map'], ...kernels], palette)
}

/** What one release reads of another: component by component. */
export function writeCompat(write: Writer, verdict: CompatVerdict, palette: Palette): void {
  const { rows, worst, assumptions } = verdict
  const [writer, reader] = [escapeText(verdict.writer), escapeText(verdict.reader)]
  const color = worst.outcome === 'ok' ? palette.good : palette.bad
  write(`${writer} -> ${reader}: ${color(worst.outcome)}${worst.note === '' ? '' : `: ${worst.note}`}\n`)
  for (const assumption of assumptions) write(`assumed: ${escapeText(assumption)}\n`)
  const lines = rows.map(row =>
    [row.component, row.writes, row.reads, row.outcome, row.note].map(cell => escapeText(cell)),
  )
  const head = ['component', `${baseName(writer)} writes`, `${baseName(reader)} reads`, 'outcome', 'note']
  writeColumns(write, [head, ...lines], palette)
}

/** What each of several kernels makes of what one hands over. */
export function writeTakers(write: Writer, verdicts: readonly CompatVerdict[], palette: Palette): void {
  const rows = verdicts.map(({ reader, worst }) =>
    [reader, worst.outcome, worst.outcome === 'ok' ? '' : `${worst.component}: ${worst.note}`].map(cell =>
      escapeText(cell),
    ),
  )
  write(`${palette.strong(escapeText(verdicts[0]?.writer ?? ''))} hands over\n`)
  writeColumns(write, [['kernel', 'outcome', 'because of'], ...rows], palette)
}

/** The same as JSON. */
export function takersJson(verdicts: readonly CompatVerdict[]): JsonOf<typeof schema> {
  return {
    schema: 'kho/abi/1',
    writer: verdicts[0]?.writer ?? '',
    takers: verdicts.map(({ reader, worst, assumptions }) => ({
      reader,
      outcome: worst.outcome,
      component: worst.outcome === 'ok' ? null : worst.component,
      note: worst.note,
      assumptions: [...assumptions],
    })),
  }
}

/** What one party makes of what another hands over. */
export interface CompatVerdict {
  writer: string
  reader: string
  rows: readonly CompatRow[]
  worst: CompatRow
  assumptions: readonly string[]
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The document of `kho abi --json`, with a verdict where two releases were named. */
export function abiJson(verdict: CompatVerdict | null): JsonOf<typeof schema> {
  if (verdict !== null) {
    return {
      schema: 'kho/abi/1',
      writer: verdict.writer,
      reader: verdict.reader,
      outcome: verdict.worst.outcome,
      assumptions: [...verdict.assumptions],
      components: verdict.rows.map(row => ({ ...row })),
    }
  }
  return {
    schema: 'kho/abi/1',
    abis: ABIS.map(abi => {
      const { name, compatible, tracker } = abi
      return { name, compatible, tracker, kernels: writersOf(abi) }
    }),
    readers: READING_KERNELS.map(kernel => ({
      release: kernel.name,
      abi: kernel.layout.name,
      luo: kernel.users.luo?.version ?? null,
      memfd: [...handlersOf(kernel)],
    })),
  }
}

function bitmapOf(bitmap: 512 | 'page' | null): string {
  return bitmap === null ? '-' : bitmap === 512 ? '512 bytes' : 'one page'
}

function writeColumns(write: Writer, rows: readonly (readonly string[])[], palette: Palette): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  rows.forEach((row, i) => {
    const line = row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd()
    write(`${i === 0 ? palette.label(line) : line}\n`)
  })
}

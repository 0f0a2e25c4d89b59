import {
  ABIS,
  handlersOf,
  type Kernel,
  READING_KERNELS,
  type ReadingKernel,
  writersOf,
} from '../../../formats/kernels/index.js'
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
export function writeCompat(
  write: Writer,
  [writer, reader]: readonly [Kernel, ReadingKernel],
  rows: readonly CompatRow[],
  worst: CompatRow,
  palette: Palette,
): void {
  const color = worst.outcome === 'ok' ? palette.good : palette.bad
  write(
    `${writer.release} -> ${reader.release}: ${color(worst.outcome)}${worst.note === '' ? '' : `: ${worst.note}`}\n`,
  )
  const lines = rows.map(row => [row.component, row.writes, row.reads, row.outcome, row.note])
  writeColumns(
    write,
    [['component', `${writer.release} writes`, `${reader.release} reads`, 'outcome', 'note'], ...lines],
    palette,
  )
}

/** The document of `kho abi --json`, with a verdict where two releases were named. */
export function abiJson(
  verdict: { rows: readonly CompatRow[]; worst: CompatRow; pair: readonly [Kernel, ReadingKernel] } | null,
): JsonOf<typeof schema> {
  if (verdict !== null) {
    const [writer, reader] = verdict.pair
    return {
      schema: 'kho/abi/1',
      writer: writer.release,
      reader: reader.release,
      outcome: verdict.worst.outcome,
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

import type { CompatRow } from '../../rules/compat.js'
import type { Outcome } from '../../validate/verdict.js'
import type { ReplayWord } from '../judge.js'

/** What one kernel made of another's hand-over. A line of JSON in the table's file. */
export interface MatrixCell {
  writer: string
  reader: string
  /** As the writer left it, or as `kho convert --to ABI --blobs READER` makes it. */
  how: 'unchanged' | 'converted'
  /** What `kho abi WRITER READER` says; null of what was converted. */
  abi: CompatRow['outcome'] | null
  /** What `kho validate --reader` says of this state. */
  predicted: Outcome['word']
  rules: readonly string[]
  /** What happened, and why it is called that. */
  kernel: ReplayWord
  why: readonly string[]
  /** Files that should come back, and those that did with every byte. */
  files: { wanted: number; same: number }
  /** Blocks in the map, and those that the kernel said it keeps. */
  blocks: { map: number; kept: number | null }
  warnings: number
  /** Codes of what the conversion could not carry over. */
  losses: readonly string[]
  seconds: number
}

/** Cells of a file, by writer and reader, oldest first. */
export function readCells(text: string): MatrixCell[] {
  const cells = text
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as MatrixCell)
  return cells.sort(
    (a, b) => place(a.writer) - place(b.writer) || place(a.reader) - place(b.reader) || order(a) - order(b),
  )
}

/** What names a cell, in the list of reasons. */
export function cellId({ writer, how }: Pick<MatrixCell, 'writer' | 'how'>): string {
  return `${writer} ${how}`
}

/**
 * What of a cell is not as it should be: the kernel does what `abi` and `validate` say, takes over what was converted, and
 * what it takes over is all there. Empty where nothing is.
 */
export function faultsOfCell(cell: MatrixCell): string[] {
  const { abi, predicted, kernel, how, files, blocks, warnings } = cell
  const faults: string[] = []
  if (abi !== null && abi !== kernel) faults.push(`kho abi says ${abi}`)
  if (predicted !== kernel) faults.push(`kho validate says ${predicted}`)
  if (how === 'converted' && kernel !== 'ok') faults.push('it is not taken over')
  if (kernel !== 'ok') return faults
  if (files.same !== files.wanted) faults.push(`${files.same} of ${files.wanted} files are the same`)
  if (blocks.kept !== blocks.map) faults.push(`${blocks.kept} blocks are kept, ${blocks.map} are in the map`)
  if (warnings > 0) faults.push(`${warnings} warnings`)
  return faults
}

function order({ how }: MatrixCell): number {
  return how === 'unchanged' ? 0 : 1
}

/** A number that grows with releases. */
function place(release: string): number {
  return release.split('.').reduce((value, part) => value * 1000 + Number(part), 0)
}

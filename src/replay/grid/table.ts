import type { KernelStart } from '../../kernel/reader/boot-of.js'
import type { OutcomeWord } from '../../validate/verdict.js'
import type { ReplayWord } from '../judge.js'

/** One case: what is predicted, and what a real kernel did. */
export interface TableRow {
  /** As in {@link GridCase}. */
  id: string
  predicted: OutcomeWord
  /** Ids of the rules that the prediction rests on. */
  rules: string[]
  kernel: ReplayWord
  /** The first line of what it said, or of what was seen. */
  message: string
  /** Where the two differ: why. */
  note: string
}

/** All that one kernel was asked. */
export interface GridTable extends GridMachine {
  rows: TableRow[]
}

/** The machine of a grid: the same for all its cases. */
export interface GridMachine {
  /** Release as the kernel's image says it. */
  kernel: string
  /** RAM in bytes. */
  memory: number
  cmdline: string
  /** Where the replay put the kernel. */
  start?: KernelStart
}

const HEAD = ['case', 'predicted', 'kernel', 'rules', 'message', 'note']

/** A table as a file: tab-separated, a comment with the machine first. */
export function writeTable({ rows, ...machine }: GridTable): string {
  const lines = rows.map(({ id, predicted, kernel, rules, message, note }) =>
    [id, predicted, kernel, rules.join(' '), message, note].map(cell => cell.replace(/[\t\n]/g, ' ')),
  )
  const all = [HEAD, ...lines].map(cells => cells.join('\t').trimEnd())
  return `# ${JSON.stringify(machine)}\n${all.join('\n')}\n`
}

/** The table of a file that {@link writeTable} wrote. */
export function readTable(text: string): GridTable {
  const [machine, , ...lines] = text.trimEnd().split('\n')
  return {
    ...(JSON.parse(machine!.slice(2)) as GridMachine),
    rows: lines.map(line => {
      const [id = '', predicted = '', kernel = '', rules = '', message = '', note = ''] = line.split('\t')
      return {
        id,
        predicted: predicted as OutcomeWord,
        kernel: kernel as ReplayWord,
        rules: rules === '' ? [] : rules.split(' '),
        message,
        note,
      }
    }),
  }
}

/** A reason for cases that cannot agree: for the rows that differ, of the releases and cases that it names. */
export interface Reason {
  releases: RegExp
  cases: RegExp
  note: string
}

/** Reasons, a line each: releases, cases, both as regular expressions, and the reason, tab-separated. */
export function readReasons(text: string): Reason[] {
  return text
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => {
      const [releases = '', cases = '', note = ''] = line.split('\t')
      return { releases: new RegExp(`^(${releases})$`), cases: new RegExp(`^(${cases})$`), note }
    })
}

/** The reason of a case; empty where there is none. */
export function reasonFor(reasons: readonly Reason[], release: string, id: string): string {
  return reasons.find(({ releases, cases }) => releases.test(release) && cases.test(id))?.note ?? ''
}

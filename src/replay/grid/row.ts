import type { GuestFile, RetrieveFailure } from '../../guest/retrieve.js'
import type { GridCase } from './cases.js'
import type { Observed } from './run-case.js'
import type { GridMachine } from './table.js'

/** One case and what a kernel did, as a line of a file: all that a judgement needs, and no judgement. */
export interface GridRow extends GridCase, GridMachine {
  observed: Observed
}

/** A row as a line of JSON, without its end. What is 64 bits wide is a string there. */
export function writeRow(row: GridRow): string {
  return JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

/** The row of a line that {@link writeRow} wrote. */
export function readRow(line: string): GridRow {
  const row = JSON.parse(line) as GridRow
  const { files, failures } = row.observed.retrieved
  const number = (value: unknown) => BigInt(String(value))
  row.observed.retrieved.files = files.map(
    (file): GuestFile => ({
      ...file,
      token: number(file.token),
      size: number(file.size),
      position: number(file.position),
    }),
  )
  row.observed.retrieved.failures = failures.map((failure): RetrieveFailure => {
    const { token } = failure
    return { ...failure, token: token === null ? null : number(token) }
  })
  return row
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type GridTable, readTable } from '../../../../src/replay/grid/table.js'
import type { BOOTED } from '../../../material.js'

const TABLES = 'fixtures/grid'

/** What the kernel of a release was seen to do. */
export function gridTable(release: (typeof BOOTED)[number]): GridTable {
  return readTable(readFileSync(join(TABLES, `${release}.tsv`), 'utf8'))
}

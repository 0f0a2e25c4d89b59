import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readReasons, reasonFor } from '../../../../src/replay/grid/table.js'
import { withMatrix } from '../../../../src/replay/matrix/page.js'
import { cellId, faultsOfCell, type MatrixCell, readCells } from '../../../../src/replay/matrix/table.js'
import { BOOTED } from '../../../material.js'

const cells = readCells(readFileSync('fixtures/matrix/cells.ndjson', 'utf8'))
const reasons = readReasons(readFileSync('fixtures/matrix/reasons.tsv', 'utf8'))
const open = (cell: MatrixCell) =>
  reasonFor(reasons, cell.reader, cellId(cell)) === '' ? faultsOfCell(cell) : []

describe('the matrix of writers and readers', () => {
  it('has every captured release on every other, as it was and converted', () => {
    const have = cells.map(({ writer, reader, how }) => `${writer} ${reader} ${how}`)
    const want = BOOTED.flatMap(writer =>
      BOOTED.flatMap(reader => ['unchanged', 'converted'].map(how => `${writer} ${reader} ${how}`)),
    )
    expect([...have].sort()).toEqual(want.sort())
  })

  it('is as predicted, or says why no image could tell', () => {
    expect(cells.flatMap(open)).toEqual([])
  })

  it('loses no byte of what was converted', () => {
    for (const { how, kernel, files, blocks } of cells) {
      if (how !== 'converted') continue
      expect({ kernel, same: files.same, kept: blocks.kept }).toEqual({
        kernel: 'ok',
        same: files.wanted,
        kept: blocks.map,
      })
    }
  })

  it('is that of the page', () => {
    const page = readFileSync('docs/kernels.md', 'utf8')
    expect(withMatrix(page, cells, reasons)).toBe(page)
  })

  it('says what is wrong with a cell', () => {
    const sound = cells.find(({ how, files }) => how === 'converted' && files.wanted > 0)!
    expect(faultsOfCell({ ...sound, files: { wanted: 3, same: 2 }, warnings: 1 })).toEqual([
      '2 of 3 files are the same',
      '1 warnings',
    ])
    expect(faultsOfCell({ ...sound, abi: 'ok', predicted: 'ok', kernel: 'oops' })).toEqual([
      'kho abi says ok',
      'kho validate says ok',
      'it is not taken over',
    ])
  })
})

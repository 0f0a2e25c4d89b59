import { hex } from '../../../formats/memory/fault.js'
import type { Picture, PictureCell } from '../../map/picture.js'
import type { JsonValue } from '../../render/json.js'

/** The document of `kho map --json`. Cells without memory are left out. */
export function pictureJson(picture: Picture): JsonValue {
  const { range, cellBytes, columns, rows, by, legend } = picture
  return {
    schema: 'kho/map/1',
    by,
    range: { start: hex(range.start), end: hex(range.end) },
    cellBytes,
    columns,
    rows,
    legend: legend.map(({ letter, name, kind, bytes }) => ({ letter, name, kind, bytes })),
    cells: {
      *[Symbol.iterator]() {
        for (const cell of picture.cells()) if (cell.letter !== ' ') yield cellJson(cell)
      },
    },
  }
}

function cellJson({ address, letter, bytes, ram }: PictureCell): JsonValue {
  return { address: hex(address), letter, bytes, ram }
}

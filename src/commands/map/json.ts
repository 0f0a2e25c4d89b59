import { hex } from '../../../formats/memory/fault.js'
import type { Range } from '../../../formats/memory/range.js'
import type { Picture, PictureCell } from '../../map/picture.js'
import type { JsonValue } from '../../render/json.js'
import type { RoomStat, ScratchStat } from '../../stat/stat.js'

/** What a kernel has to boot in. */
export interface ToBootIn {
  scratch: ScratchStat | null
  room: RoomStat
  /** What is opened beside scratch; null where that is not known, or nothing is. */
  opened: readonly Range[] | null
}

/** The document of `kho map --json`. Cells without memory are left out. */
export function pictureJson(picture: Picture, toBootIn: ToBootIn | null): JsonValue {
  const { range, cellBytes, columns, rows, by, legend } = picture
  return {
    schema: 'kho/map/1',
    by,
    range: { start: hex(range.start), end: hex(range.end) },
    cellBytes,
    columns,
    rows,
    legend: legend.map(({ letter, name, kind, bytes }) => ({ letter, name, kind, bytes })),
    scratch: (toBootIn?.scratch ?? null) as unknown as JsonValue,
    room: (toBootIn?.room ?? null) as unknown as JsonValue,
    opened: toBootIn?.opened?.map(({ start, end }) => ({ start: hex(start), end: hex(end) })) ?? null,
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

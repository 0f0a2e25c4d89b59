import { hex } from '../../../formats/memory/fault.js'
import type { Picture, PictureCell } from '../../map/picture.js'
import { escapeText } from '../../render/escape.js'
import { roomLines } from '../../render/room-text.js'
import type { Writer } from '../../render/writer.js'
import type { ToBootIn } from './json.js'

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** Colours of the 256 that terminals have, for letters in turn. */
const LETTERS = [33, 208, 35, 220, 45, 163, 106, 125, 43, 211, 105, 137, 75, 178, 71, 174] as const
const FIXED: Readonly<Record<string, number>> = { '.': 240, ':': 130, '#': 99, '=': 37, '>': 136, '!': 196 }

/** A picture in text: a line for each row of cells, and the legend. */
export function writePicture(
  write: Writer,
  picture: Picture,
  toBootIn: ToBootIn | null,
  color: boolean,
): void {
  const { range, cellBytes, columns, legend } = picture
  write(
    `${hex(range.start)} to ${hex(range.end)}, ${sizeText(cellBytes)} a cell, ${sizeText(cellBytes * columns)} a row\n`,
  )
  const paint = color ? painter(picture) : (cell: PictureCell) => cell.letter
  const digits = hex(range.end).length - 2
  let line = ''
  let column = 0
  for (const cell of picture.cells()) {
    if (column === 0) line = `0x${cell.address.toString(16).padStart(digits, '0')} `
    line += paint(cell)
    if (++column < columns) continue
    write(`${color ? line : line.trimEnd()}\n`)
    column = 0
  }
  write('\n')
  for (const entry of legend) {
    const mark = color ? colored(entry.letter, colorOf(picture, entry.letter)) : entry.letter
    write(`${mark}  ${escapeText(entry.name)}  ${sizeText(entry.bytes)}\n`)
  }
  const lines = toBootIn === null ? [] : roomLines(toBootIn.scratch, toBootIn.room)
  if (lines.length > 0) write(`\nscratch\n${lines.map(line => `  ${line}\n`).join('')}`)
}

function painter(picture: Picture): (cell: PictureCell) => string {
  return cell => (cell.letter === ' ' ? ' ' : colored(cell.letter, colorOf(picture, cell.letter)))
}

function colored(letter: string, color: number): string {
  return `\x1b[38;5;${color}m${letter}\x1b[39m`
}

function colorOf({ legend }: Picture, letter: string): number {
  const fixed = FIXED[letter]
  if (fixed !== undefined) return fixed
  const place = legend.findIndex(entry => entry.letter === letter)
  return LETTERS[Math.max(0, place) % LETTERS.length]!
}

function sizeText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${UNITS[unit]}`
}

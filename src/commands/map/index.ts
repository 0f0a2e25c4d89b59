import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import type { Range } from '../../../formats/memory/range.js'
import { roomOf } from '../../kernel/reader/room.js'
import { drawChange, drawOne, mapOutline } from '../../map/outline.js'
import { drawPicture, type Picture } from '../../map/picture.js'
import { writeJson } from '../../render/json.js'
import { roomStat, scratchStat } from '../../stat/scratch.js'
import { type JudgeOptions, judgeSettings } from '../shared/judge.js'
import { parseRange } from '../shared/numbers.js'
import { openState } from '../shared/open-state.js'
import { addOptions } from '../shared/option-specs.js'
import { addImageOptions, addOutputOptions, addReaderOptions, type OutputOptions } from '../shared/options.js'
import { wantsColor, writeOutput } from '../shared/output.js'
import type { Terminal } from '../shared/terminal.js'
import { pictureJson } from './json.js'
import { writePicture } from './text.js'

interface MapOptions extends JudgeOptions, OutputOptions {
  by: 'owner' | 'order'
  range?: Range
  width?: number
  rows?: number
}

const LEAST_WIDTH = 16
const MOST_WIDTH = 1024
const MOST_ROWS = 4096
const ROWS = 24
/** What stands before the cells of a row: an address and blanks. */
const MARGIN = 16
/** Terminals that do not say how wide they are. */
const DEFAULT_WIDTH = 80

const HELP = `
Each cell is a stretch of memory, of the size that the head line names; a letter is who has most of
it, as the legend says. In every picture:
  .  RAM, not preserved      (blank)  no RAM that the dump knows of
  :  RAM that early boot of --reader opens to its own allocations (7.3 on; in blocks of 1 GiB)
  #  pages of the tracker    =  scratch    >  what hands over    !  preserved, claimed by nobody
With two images: what became of memory that either preserves.
Below it: what a kernel has to boot in, scratch and what is opened beside it. See kho rules
SCRATCH-MEMMAP and SCRATCH-GIGANTIC.

Examples:
  kho map vmcore
  kho map vmcore --range 0x10000000-0x20000000 --by order
  kho map before.elf after.elf`

/** `kho map IMAGE [IMAGE2]`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Show physical memory as a picture: RAM, holes, scratch, what is preserved and by whom.')
    .argument('<IMAGE>', 'a memory dump')
    .argument('[IMAGE2]', 'another one: shows what changed')
    .addHelpText('after', HELP)
    .action((a: string, b: string | undefined, options: MapOptions) => map(a, b, options, terminal))
  addOptions(command, [
    {
      name: 'by',
      value: 'WHAT',
      about: 'what letters and colours mean',
      choices: ['owner', 'order'],
      fallback: 'owner',
    },
    { name: 'range', value: 'START-END', about: 'this memory only, END exclusive', parse: parseRange },
    {
      name: 'width',
      value: 'N',
      about: 'characters of a line; as wide as the terminal, else 80',
      parse: numberBetween(LEAST_WIDTH, MOST_WIDTH),
    },
    { name: 'rows', value: 'N', about: `rows at the most; ${ROWS}`, parse: numberBetween(1, MOST_ROWS) },
  ])
  addOutputOptions(command, 'document')
  addReaderOptions(command)
  addImageOptions(command)
}

async function map(a: string, b: string | undefined, options: MapOptions, terminal: Terminal): Promise<void> {
  const state = await openState(a, options, terminal)
  const second = b === undefined ? null : mapOutline(await openState(b, options, terminal))
  const columns = columnsFor(options.width ?? terminal.columns ?? DEFAULT_WIDTH)
  const room = second === null ? roomOf(state, judgeSettings(options)) : null
  const opened = room?.opened ?? null
  const outline = mapOutline(state)
  const drawn = second === null ? drawOne(outline, options.by) : drawChange(outline, second)
  const picture: Picture = drawPicture(drawn, {
    by: second === null ? options.by : 'change',
    range: options.range ?? null,
    columns,
    rows: options.rows ?? ROWS,
    ...(opened?.ranges ? { opened: { kernel: opened.kernel, ranges: opened.ranges } } : {}),
  })
  const toBootIn = room && {
    scratch: scratchStat(state),
    room: roomStat(room),
    opened: opened?.ranges ?? null,
  }
  const inputs = [a, ...(b === undefined ? [] : [b]), ...(options.part ?? [])]
  writeOutput(terminal, options, inputs, write => {
    if (options.json === true) writeJson(write, pictureJson(picture, toBootIn))
    else writePicture(write, picture, toBootIn, wantsColor(options, terminal))
  })
}

/** A power of two, so that rows begin at round addresses. */
function columnsFor(width: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(LEAST_WIDTH, width) - (width > 2 * MARGIN ? MARGIN : 0)))
}

function numberBetween(least: number, most: number): (text: string) => number {
  return text => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new KhoError('usage', `'${text}' is no number from ${least} to ${most}`)
  }
}

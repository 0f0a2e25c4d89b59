// The matrix: what each kernel makes of what each other one handed over, unchanged and converted. See docs/kernels.md.
//
//   node scripts/matrix.js run KERNELS OUT.ndjson [--writer RELEASE] [--reader RELEASE] [--how unchanged|converted]
//
// boots bzImage-RELEASE of the folder KERNELS on the captures in fixtures/releases, and appends a line for each cell that
// OUT does not have yet.
//
//   node scripts/matrix.js page OUT.ndjson PAGE.md
//
// writes the tables into the page, between its marks, and exits with 1 where a cell is not as predicted and
// fixtures/matrix/reasons.tsv does not say why.
//
// Run `npm run build` first.
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isKhoError } from '../dist/formats/error.js'
import { guestFile } from '../dist/src/guest/retrieve.js'
import { loadState } from '../dist/src/image/load-state.js'
import { openImage } from '../dist/src/node/open.js'
import { readReasons, reasonFor } from '../dist/src/replay/grid/table.js'
import { runCell } from '../dist/src/replay/matrix/cell.js'
import { withMatrix } from '../dist/src/replay/matrix/page.js'
import { cellId, faultsOfCell, readCells } from '../dist/src/replay/matrix/table.js'

const CAPTURES = 'fixtures/releases'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    writer: { type: 'string' },
    reader: { type: 'string' },
    how: { type: 'string' },
  },
})
const [verb, ...rest] = positionals

function readLines(path) {
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map(line => JSON.parse(line))
    : []
}

async function run(kernels, out) {
  const done = new Set(readLines(out).map(({ writer, reader, how }) => `${writer} ${reader} ${how}`))
  const releases = readdirSync(CAPTURES)
    .filter(name => existsSync(join(kernels, `bzImage-${name}`)))
    .sort()
  for (const writer of releases) {
    if (values.writer !== undefined && values.writer !== writer) continue
    const image = await openImage(join(CAPTURES, writer, 'early.elf.zst'))
    const list = join(CAPTURES, writer, 'first.memfds.json')
    const preserved = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')).map(guestFile) : []
    for (const reader of releases) {
      if (values.reader !== undefined && values.reader !== reader) continue
      for (const how of ['unchanged', 'converted']) {
        if (values.how !== undefined && values.how !== how) continue
        if (done.has(`${writer} ${reader} ${how}`)) continue
        const kernel = join(kernels, `bzImage-${reader}`)
        let cell
        try {
          cell = await runCell({ writer, reader, how, kernel, preserved, state: loadState(image) })
        } catch (error) {
          if (!isKhoError(error)) throw error
          console.error(`matrix: ${writer} on ${reader}, ${how}: no guest was started: ${error.message}`)
          process.exitCode = 1
          continue
        }
        appendFileSync(out, `${JSON.stringify(cell)}\n`)
        console.error(
          `matrix: ${writer} on ${reader}, ${how}: ${cell.kernel} (predicted ${cell.predicted}), ${cell.seconds} s`,
        )
      }
    }
    image.close()
  }
}

function page(rows, out) {
  const cells = readCells(readFileSync(rows, 'utf8'))
  const reasons = readReasons(readFileSync('fixtures/matrix/reasons.tsv', 'utf8'))
  writeFileSync(out, withMatrix(readFileSync(out, 'utf8'), cells, reasons))
  const open = cells.filter(
    cell => faultsOfCell(cell).length > 0 && reasonFor(reasons, cell.reader, cellId(cell)) === '',
  )
  for (const cell of open)
    console.error(`matrix: ${cell.writer} on ${cell.reader}, ${cell.how}: ${faultsOfCell(cell)}`)
  if (open.length > 0) process.exitCode = 1
}

if (verb === 'run' && rest.length === 2) await run(...rest)
else if (verb === 'page' && rest.length === 2) page(...rest)
else {
  console.error(
    'usage: matrix.js run KERNELS OUT.ndjson [--writer RELEASE] [--reader RELEASE] [--how unchanged|converted] | page OUT.ndjson PAGE.md',
  )
  process.exitCode = 2
}

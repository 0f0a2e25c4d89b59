// The grid: one hostile value in one field of a sound state, case by case, judged by a real kernel. See docs/grid.md.
//
//   node scripts/grid.js run KERNEL OUT.ndjson [--most N] [--salt TEXT] [--field TEXT] [--stage STAGE] [--except TABLE] [--pause FILE]
//
// appends a line for each case that OUT does not have yet, in an order that TEXT decides; --except leaves out those of TABLE too,
// so that what is predicted was not looked at before. While the file of --pause is there, it waits before the next one.
//
//   node scripts/grid.js table OUT.ndjson TABLE.tsv [--reasons FILE] [--add]
//
// predicts every case of OUT by what `validate` says today, judges what the kernel did, and writes a line for each, with the
// reason that FILE gives where the two differ. --add keeps the machine of TABLE, and its lines for cases that OUT does not have.
//
//   node scripts/grid.js again TABLE.tsv … [--reasons FILE]
//
// predicts every case of the tables again, and keeps what the kernels did.
//
//   node scripts/grid.js corpus CORPUS TABLE.tsv [--reasons FILE]
//
// does the same for the broken images that the malformed.json of CORPUS names, whose outcome the kernels' own code gave.
//
//   node scripts/grid.js page FOLDER DOCS/grid.md
//
// writes the matrices of the tables of FOLDER into the page, between its marks.
//
// Run `npm run build` first.
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { readBootImage } from '../dist/src/guest/boot-image.js'
import { gridBase } from '../dist/src/replay/grid/base-state.js'
import { gridCases, shuffled } from '../dist/src/replay/grid/cases.js'
import { corpusCases, corpusRow } from '../dist/src/replay/grid/corpus.js'
import { judgeRow, predictCase } from '../dist/src/replay/grid/judge-row.js'
import { withCorpus, withMatrices } from '../dist/src/replay/grid/page.js'
import { patchedState } from '../dist/src/replay/grid/patched.js'
import { readRow, writeRow } from '../dist/src/replay/grid/row.js'
import { makeCheckpoints, runCase } from '../dist/src/replay/grid/run-case.js'
import { readReasons, readTable, reasonFor, writeTable } from '../dist/src/replay/grid/table.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    most: { type: 'string' },
    salt: { type: 'string', default: '' },
    field: { type: 'string', default: '' },
    stage: { type: 'string' },
    except: { type: 'string' },
    pause: { type: 'string' },
    add: { type: 'boolean', default: false },
    reasons: { type: 'string', default: 'fixtures/grid/reasons.tsv' },
  },
})
const [verb, ...rest] = positionals
/** Name of the corpus in reasons. */
const CORPUS = 'corpus'

/** The cases that a table has already, if one was named. */
const idsOf = table =>
  table === undefined ? [] : readTable(readFileSync(table, 'utf8')).rows.map(line => line.id)

async function run(kernel, out) {
  const release = readBootImage(kernel).release
  const base = gridBase(release)
  const done = new Set(
    existsSync(out)
      ? readFileSync(out, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map(line => readRow(line).id)
      : [],
  )
  for (const id of idsOf(values.except)) done.add(id)
  const sound = { id: 'sound state', field: '', value: '', stage: 'boot', at: 0, bytes: '' }
  const cases = [sound, ...shuffled(gridCases(base), values.salt)]
    .filter(row => !done.has(row.id) && row.id.includes(values.field))
    .filter(row => values.stage === undefined || row.stage === values.stage)
    .slice(0, values.most === undefined ? undefined : Number(values.most))
  if (cases.length === 0) return
  const say = line => console.error(`grid: ${release}: ${line}`)
  const points = await makeCheckpoints(kernel, base, say)
  const { memory, cmdline, start } = points.preparation
  for (const [n, row] of cases.entries()) {
    while (values.pause !== undefined && existsSync(values.pause)) await setTimeout(500)
    const given = row === sound ? null : row
    const { state } = await patchedState(base, given)
    const observed = await runCase(points, given, state, row.stage)
    const machine = { kernel: release, memory, cmdline, start }
    appendFileSync(out, `${writeRow({ ...row, ...machine, observed })}\n`)
    say(`${n + 1}/${cases.length} ${row.id}: ${observed.seconds} s`)
  }
  points.remove()
}

async function table(rowsFile, out) {
  const rows = readFileSync(rowsFile, 'utf8').split('\n').filter(Boolean).map(readRow)
  const reasons = existsSync(values.reasons) ? readReasons(readFileSync(values.reasons, 'utf8')) : []
  const old = values.add ? readTable(readFileSync(out, 'utf8')) : null
  const { kernel, memory, cmdline, start } = old ?? rows[0]
  const base = gridBase(kernel)
  const { state: sound } = await patchedState(base, null)
  const lines = []
  for (const row of rows) {
    const { predicted, kernel: seen, agrees, judged } = await judgeRow(base, sound, { ...row, start })
    if (!judged) continue
    lines.push({
      id: row.id,
      predicted: predicted.word,
      kernel: seen.word,
      rules: predicted.why,
      message: (seen.why[0] ?? '').slice(0, 160),
      note: agrees ? '' : reasonFor(reasons, kernel, row.id),
    })
  }
  const made = new Set(lines.map(line => line.id))
  lines.push(...(old?.rows ?? []).filter(line => !made.has(line.id)))
  lines.sort((a, b) => (a.id < b.id ? -1 : 1))
  writeFileSync(out, writeTable({ kernel, memory, cmdline, start, rows: lines }))
  const same = lines.filter(line => line.predicted === line.kernel).length
  console.error(`grid: ${kernel}: ${lines.length} cases, ${same} as predicted`)
}

async function again(tables) {
  const reasons = readReasons(readFileSync(values.reasons, 'utf8'))
  for (const file of tables) {
    const { rows, ...machine } = readTable(readFileSync(file, 'utf8'))
    const base = gridBase(machine.kernel)
    const cases = new Map(gridCases(base).map(row => [row.id, row]))
    for (const line of rows) {
      const { word, why } = predictCase(base, await patchedState(base, cases.get(line.id) ?? null), machine)
      Object.assign(line, { predicted: word, rules: why })
      line.note = word === line.kernel ? '' : reasonFor(reasons, machine.kernel, line.id)
    }
    writeFileSync(file, writeTable({ ...machine, rows }))
    const same = rows.filter(line => line.predicted === line.kernel).length
    console.error(`grid: ${machine.kernel}: ${rows.length} cases, ${same} as predicted`)
  }
}

async function corpus(folder, out) {
  const reasons = readReasons(readFileSync(values.reasons, 'utf8'))
  const rows = []
  for (const entry of corpusCases(folder)) {
    const row = await corpusRow(folder, entry)
    const differs = row.predicted !== row.kernel
    rows.push({ ...row, note: differs ? reasonFor(reasons, CORPUS, row.id) : '' })
  }
  rows.sort((a, b) => (a.id < b.id ? -1 : 1))
  writeFileSync(out, writeTable({ kernel: CORPUS, memory: 0, cmdline: '', rows }))
}

function page(folder, out) {
  const text = readFileSync(out, 'utf8')
  const tables = readdirSync(folder)
    .filter(name => /^\d.*\.tsv$/.test(name))
    .sort()
    .map(name => readTable(readFileSync(join(folder, name), 'utf8')))
  const images = readTable(readFileSync(join(folder, 'corpus.tsv'), 'utf8'))
  writeFileSync(out, withCorpus(withMatrices(text, tables), images))
}

if (verb === 'run' && rest.length === 2) await run(...rest)
else if (verb === 'table' && rest.length === 2) await table(...rest)
else if (verb === 'again' && rest.length > 0) await again(rest)
else if (verb === 'corpus' && rest.length === 2) await corpus(...rest)
else if (verb === 'page' && rest.length === 2) page(...rest)
else {
  console.error(
    'usage: grid.js run KERNEL OUT.ndjson [--most N] [--salt TEXT] [--field TEXT] [--stage boot|init|use] [--except TABLE] [--pause FILE] | table OUT.ndjson TABLE.tsv [--add] | again TABLE.tsv … | page FOLDER PAGE.md',
  )
  process.exitCode = 2
}

import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import { writeJson } from '../../render/json.js'
import { stat } from '../../stat/stat.js'
import { type JudgeOptions, judgeSettings, loadJudged } from '../shared/judge.js'
import { openForCommand } from '../shared/open-state.js'
import { addOptions } from '../shared/option-specs.js'
import { addImageOptions, addOutputOptions, addReaderOptions, type OutputOptions } from '../shared/options.js'
import { wantsColor, writeOutput } from '../shared/output.js'
import { paletteOf } from '../shared/palette.js'
import type { Terminal } from '../shared/terminal.js'
import { statJson } from './json.js'
import { SORTS, type Sort, shownOf, sortSessions } from './order.js'
import { writeStat } from './text.js'

interface StatCommand extends JudgeOptions, OutputOptions {
  sort?: Sort
  top?: number
}

const HELP = `
\`kho IMAGE\` alone and \`kho ls IMAGE\` are the same.

Sessions and files that do not fit on a screen are cut to the largest ones; --top says how many of
each to show, --sort by what. --json has all of them. What the dump lacks is \`?\` or \`not known\`,
never zero.

Examples:
  kho stat vmcore
  kho vmcore
  kho stat vmcore --sort pages --top 20
  kho stat vmcore --json | jq '.sessions[].files[] | select(.holes > 0) | .path'`

/** `kho stat IMAGE`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Say on one screen who wrote a state, for whom it is, what it holds and what becomes of it.')
    .argument('<IMAGE>', 'a memory dump')
    .addHelpText('after', HELP)
    .action((image: string, options: StatCommand) => run(image, options, terminal))
  addOptions(command, [
    {
      name: 'sort',
      value: 'BY',
      about: 'order of sessions and files: as given, by name, or the largest first',
      choices: SORTS,
    },
    { name: 'top', value: 'N', about: 'sessions, and files of each, that are shown', parse: parseTop },
  ])
  addOutputOptions(command, 'document')
  addReaderOptions(command)
  addImageOptions(command)
}

async function run(path: string, options: StatCommand, terminal: Terminal): Promise<void> {
  const image = await openForCommand(path, options, terminal)
  const result = stat(await loadJudged(image, options, terminal), judgeSettings(options))
  const { items } = result.sessions
  writeOutput(terminal, options, [path, ...(options.part ?? [])], write => {
    if (options.json === true) {
      writeJson(write, statJson(result, items && sortSessions(items, options.sort ?? 'given')))
    } else {
      const shown = shownOf(result, options.sort, options.top)
      writeStat(write, result, shown, paletteOf(wantsColor(options, terminal)))
    }
  })
}

function parseTop(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new KhoError('usage', `'${text}' is no number of sessions; write it like 20`)
}

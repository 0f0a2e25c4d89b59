import type { Command } from 'commander'
import { isKhoError } from '../../../formats/error.js'
import type { KhoImage } from '../../image/open.js'
import { writeJson } from '../../render/json.js'
import { SEVERITIES, type Severity } from '../../rules/rule.js'
import { type NoRoot, type ValidateOptions, validateNoRoot, validateState } from '../../validate/validate.js'
import { type Finding, OUTCOME_WORDS, type OutcomeWord, type Validation } from '../../validate/verdict.js'
import { EXIT } from '../shared/exit-codes.js'
import { type JudgeOptions, judgeSettings, loadJudged } from '../shared/judge.js'
import { openForCommand } from '../shared/open-state.js'
import { addOptions } from '../shared/option-specs.js'
import { addImageOptions, addOutputOptions, addReaderOptions, type OutputOptions } from '../shared/options.js'
import { wantsColor, writeOutput } from '../shared/output.js'
import { paletteOf } from '../shared/palette.js'
import type { Terminal } from '../shared/terminal.js'
import { version } from '../shared/version.js'
import { type CiFormat, writeCi } from './ci.js'
import { validationJson } from './json.js'
import { writeValidation } from './text.js'

interface ValidateCommand extends JudgeOptions, OutputOptions {
  as?: CiFormat
  failOn: Severity
  expect?: OutcomeWord[]
  deny?: string[]
  allow?: string[]
  all?: boolean
}

const HELP = `
Lines (stable):
  outcome: <word> (<kernel>)
  <severity> <RULE-ID> <path or -> <0xphys or ->: <message>

Words: ok (takes everything over as meant), rejected (boots without KHO), oops, loop,
error-reported (a part is lost, with a message), accepted-different (silently something else),
unknown (the bytes that decide are not in the dump; --absent zero takes them for zero).

\`kho rules RULE-ID\` explains a finding.

Examples:
  kho validate vmcore
  kho validate vmcore --reader 6.19 --absent zero
  kho validate vmcore --as ktap --fail-on warning`

/** `kho validate IMAGE`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Run every rule: what breaks, and what the next kernel will do about it.')
    .argument('<IMAGE>', 'a memory dump')
    .addHelpText('after', HELP)
    .action((image: string, options: ValidateCommand) => validate(image, options, terminal))
  addOptions(command, [
    { name: 'as', value: 'FORM', about: 'a form for CI', choices: ['sarif', 'junit', 'ktap'] },
    {
      name: 'fail-on',
      value: 'SEVERITY',
      about: 'exit 1 from here on',
      choices: SEVERITIES,
      fallback: 'error',
    },
    {
      name: 'expect',
      value: 'WORD',
      about: 'an outcome that passes; ok where none is given',
      choices: OUTCOME_WORDS,
      repeat: true,
    },
    { name: 'deny', value: 'RULE', about: 'findings of this rule are errors', repeat: true },
    { name: 'allow', value: 'RULE', about: 'findings of this rule are left out', repeat: true },
    { name: 'all', about: 'every occurrence, not one of each root cause' },
  ])
  addOutputOptions(command, 'document')
  addReaderOptions(command)
  addImageOptions(command)
}

async function validate(path: string, options: ValidateCommand, terminal: Terminal): Promise<void> {
  const image = await openForCommand(path, options, terminal)
  const validation = await judgeImage(image, options, terminal)
  const passes = (options.expect ?? ['ok']).includes(validation.outcome.word)
  const fails = (finding: Finding) => RANK[finding.severity] >= RANK[options.failOn]
  const answer = { ...options, verbatim: options.as !== undefined }
  writeOutput(terminal, answer, [path, ...(options.part ?? [])], write => {
    if (options.as !== undefined) {
      writeCi(write, options.as, { image: path, version: version(), validation, passes, fails })
    } else if (options.json === true) {
      writeJson(write, validationJson(validation))
    } else {
      writeValidation(write, validation, paletteOf(wantsColor(options, terminal)))
    }
  })
  if (!passes || validation.findings.some(fails)) terminal.code = EXIT.found
}

const RANK: Readonly<Record<Severity, number>> = { error: 2, warning: 1, info: 0 }

/** A root that was given is judged even where no root is there: that is what a kernel would be told. */
async function judgeImage(
  image: KhoImage,
  options: ValidateCommand,
  terminal: Terminal,
): Promise<Validation> {
  const settings = settingsOf(options)
  try {
    return validateState(await loadJudged(image, options, terminal), settings)
  } catch (error) {
    if (!isKhoError(error) || error.code !== 'no-state' || typeof options.root !== 'number') throw error
    return validateNoRoot(image, placeOf(options.root, error.message, options), settings)
  }
}

function placeOf(address: number, why: string, { pageSize, scratch }: ValidateCommand): NoRoot {
  return {
    address,
    why,
    ...(pageSize === undefined ? {} : { pageShift: pageSize }),
    ...(scratch === undefined ? {} : { scratchLength: scratch.size }),
  }
}

function settingsOf(options: ValidateCommand): ValidateOptions {
  const { deny, allow } = options
  return {
    ...judgeSettings(options),
    ...(deny === undefined ? {} : { deny }),
    ...(allow === undefined ? {} : { allow }),
    all: options.all === true,
  }
}

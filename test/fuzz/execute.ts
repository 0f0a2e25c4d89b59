import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { run } from '../../src/cli/main.js'
import { ClosedPipe } from '../../src/node/write.js'

/** What is wrong with how a command line went: nothing, or some lines. */
export interface Execution {
  code: number
  problems: string[]
  /** Milliseconds of processor time. */
  cpu: number
}

/** A reader of standard output has seen enough then. */
const MOST_OUTPUT = 2 ** 26

/** Documents beyond this are not parsed again: it would take longer than all the rest. */
const MOST_JSON = 2 ** 22

/** All but the new line; escape sequences begin with one of these. */
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/

const schemas = new Map<string, ValidateFunction | null>()

/** Runs a command line in this process, and looks at all that it may not do on any input. */
export async function execute(args: readonly string[]): Promise<Execution> {
  const out: Uint8Array[] = []
  let size = 0
  let closed = false
  let err = ''
  const before = process.cpuUsage()
  let code: number
  try {
    code = await run(args, {
      out(bytes) {
        size += bytes.length
        if (size > MOST_OUTPUT) {
          closed = true
          throw new ClosedPipe()
        }
        out.push(bytes.slice())
      },
      err: text => {
        err += text
      },
      outIsTerminal: false,
      errIsTerminal: false,
      env: {},
    })
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { code: -1, problems: [`an error came out of it: ${why}`], cpu: 0 }
  }
  const { user, system } = process.cpuUsage(before)
  const problems = [...codeProblems(args, code, err), ...errorProblems(err, code)]
  if (!closed && !isBinary(args)) problems.push(...(await outputProblems(args, code, Buffer.concat(out))))
  return { code, problems, cpu: (user + system) / 1000 }
}

function codeProblems(args: readonly string[], code: number, err: string): string[] {
  const allowed = [0, 1, 2, 3, 4, 5]
  // A guest needs a kernel; an output can be larger than a file may be.
  if (args.includes('-o') || args.includes('--kernel')) allowed.push(6)
  return allowed.includes(code) ? [] : [`exit code ${code}: ${err}`]
}

function errorProblems(err: string, code: number): string[] {
  const problems: string[] = []
  const lines = err.split('\n').filter(line => line !== '')
  const odd = lines.find(line => !line.startsWith('kho: ') || CONTROL.test(line))
  if (odd !== undefined) problems.push(`a line on standard error: ${JSON.stringify(odd)}`)
  if (code >= 2 && lines.length === 0) problems.push(`exit code ${code} without a word`)
  if (/\bundefined\b|\bNaN\b|\[object /.test(err)) problems.push(`no message for people: ${err}`)
  return problems
}

/** Bytes that are somebody else's. */
function isBinary(args: readonly string[]): boolean {
  return args[args.indexOf('-o') + 1] === '-' && args.includes('-o')
}

async function outputProblems(args: readonly string[], code: number, bytes: Buffer): Promise<string[]> {
  const text = bytes.toString('utf8')
  // Device tree source is indented with tabs, at the beginnings of its lines.
  const control = CONTROL.exec(args.includes('--dts') ? text.replace(/^\t+/gm, '') : text)
  const problems: string[] = []
  if (control !== null) {
    const around = text.slice(Math.max(0, control.index - 40), control.index + 40)
    problems.push(`a control character in the answer: ${JSON.stringify(around)}`)
  }
  if (code > 1 || bytes.length > MOST_JSON) return problems
  if (args.includes('--json')) problems.push(...(await jsonProblems(args[0]!, text)))
  if (args.includes('--ndjson')) {
    for (const line of text.split('\n').slice(0, -1)) problems.push(...(await jsonProblems(null, line)))
  }
  return problems
}

async function jsonProblems(name: string | null, text: string): Promise<string[]> {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    return [`no JSON: ${String(error)}: ${text.slice(0, 200)}`]
  }
  const validate = name === null ? null : await schemaOf(name)
  if (name !== null && validate === null) return [`there is no schema of ${name}`]
  if (validate === null || validate(document) === true) return []
  return [`not as its schema says: ${JSON.stringify(validate.errors?.slice(0, 3))}`]
}

/** The schema that the program itself prints. */
async function schemaOf(name: string): Promise<ValidateFunction | null> {
  let found = schemas.get(name)
  if (found === undefined) {
    let text = ''
    const out = (bytes: Uint8Array) => {
      text += Buffer.from(bytes).toString('utf8')
    }
    const code = await run(['schema', name], {
      out,
      err() {},
      outIsTerminal: false,
      errIsTerminal: false,
      env: {},
    })
    found = code === 0 ? new Ajv2020({ strict: false }).compile(JSON.parse(text) as object) : null
    schemas.set(name, found)
  }
  return found
}

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Base } from './bases.js'
import { CONTAINERS, type ContainerName } from './containers.js'
import { execute } from './execute.js'
import { makeLine } from './lines.js'
import { generator, mutate, pick } from './mutate.js'
import { mutateHeads, mutateState } from './mutate-state.js'
import { mutateText } from './mutate-text.js'

/** Command lines that one broken file is given to. */
const LINES_EACH = 8

/** The promise for inputs below 10 MB, in milliseconds of processor time. */
const MOST_CPU = 2000

/** Something that must not be. */
export interface Problem {
  seed: number
  args: readonly string[]
  what: string
  /** Could be the machine's fault: to be tried again by itself. */
  slow: boolean
}

/** What a case came to. */
export interface CaseResult {
  executions: number
  problems: Problem[]
  /** How many command lines ended with each exit code. */
  codes: Record<number, number>
}

/** Breaks something in the way that a seed decides, and runs commands on it. Files are made in the folder. */
export async function runCase(seed: number, bases: readonly Base[], folder: string): Promise<CaseResult> {
  const random = generator(seed)
  const base = pick(bases, random)
  const { bytes, options } = makeImage(base, random)
  const name = random() < 0.1 ? 'image.yaml' : 'image'
  const image = join(folder, name)
  const good = join(folder, 'good')
  const scenario = join(folder, 'scenario.yaml')
  const output = join(folder, 'out', 'file')
  mkdirSync(join(folder, 'out'), { recursive: true })
  writeFileSync(image, bytes)
  writeFileSync(good, base.elf)
  const text = base.scenario ?? 'machine: { ram: [0-1M] }'
  writeFileSync(scenario, random() < 0.9 ? mutateText(text, random) : text)
  const inputs = [image, good, scenario]
  const before = inputs.map(stampOf)
  const result: CaseResult = { executions: 0, problems: [], codes: {} }
  for (let n = 0; n < LINES_EACH; n++) {
    const args = makeLine({ base, image, good, scenario, output, options, random })
    const say = (what: string, slow = false) => result.problems.push({ seed, args, what, slow })
    const { code, problems, cpu } = await execute(args)
    result.executions++
    result.codes[code] = (result.codes[code] ?? 0) + 1
    for (const problem of problems) say(problem)
    if (cpu > MOST_CPU) say(`${Math.round(cpu)} ms of processor time`, true)
    if (inputs.some((input, at) => stampOf(input) !== before[at])) say('an input is not what it was')
  }
  if (!readFileSync(image).equals(bytes)) {
    result.problems.push({ seed, args: [], what: 'the image is not what it was', slow: false })
  }
  for (const path of [image, good, scenario, join(folder, 'out')])
    rmSync(path, { recursive: true, force: true })
  return result
}

function makeImage(base: Base, random: () => number): { bytes: Uint8Array; options: readonly string[] } {
  const names = Object.keys(CONTAINERS) as ContainerName[]
  const container = CONTAINERS[random() < 0.5 ? 'elf' : pick(names, random)]
  const kind = random()
  const changed = kind < 0.8 ? mutateState(base, random) : new Map<number, Uint8Array>()
  const { bytes, heads, options } = container(base, changed, random)
  if (kind >= 0.75) mutateHeads(bytes, heads, random)
  const broken = kind > 0.95 ? mutate(bytes, random) : bytes
  const whole = random() < 0.97
  return { bytes: whole ? broken : broken.subarray(0, Math.floor(random() * broken.length)), options }
}

function stampOf(path: string): string {
  const { mtimeNs, size, ino } = statSync(path, { bigint: true })
  return `${mtimeNs} ${size} ${ino}`
}

import type { LayoutSet } from '../../formats/described/index.js'
import {
  ELF_MACHINE,
  type ElfWriterSegment,
  type Sink,
  writeElf,
  writeRaw,
} from '../../formats/dumps/index.js'
import { KhoError } from '../../formats/error.js'
import { mergeRanges, rangeAt, subtractRanges } from '../../formats/memory/range.js'
import { type Moment, runScenario, type ScenarioRun } from '../kernel/run-scenario.js'
import { type OpenContents, rangeContents } from '../scenario/contents.js'
import type { Scenario } from '../scenario/schema.js'

/** What decides a simulation beside the scenario. */
export interface SimulateOptions {
  /** When the memory is looked at. Default: `kexec` where the scenario ends in that call, else `out`. */
  at?: Moment
  /** Replaces the scenario's seed: same seed, same bytes. */
  seed?: number
  /** Opens files that a scenario takes contents from; without it such scenarios are refused. */
  open?: OpenContents
  /** Structures that are told as data; those of the posted series where left out. */
  layouts?: LayoutSet
}

/** A machine's memory as the model left it. */
export interface Simulation extends ScenarioRun {
  /** Every byte that the dump has, by address, disjoint. */
  segments(): ElfWriterSegment[]
}

/**
 * Carries out a scenario on a model of its kernel's KHO.
 *
 * @throws KhoError as `runScenario()` does
 */
export function simulate(scenario: Scenario, options: SimulateOptions = {}): Simulation {
  const open = options.open ?? refuseFiles
  const run = runScenario(scenario, { ...options, open })
  return { ...run, segments: () => collectSegments(run) }
}

function refuseFiles(path: string): never {
  throw new KhoError('usage', `contents from a file cannot be had here: ${path}`)
}

/** The pages of structures, and preserved memory with contents around them: what was written into pages wins. */
function collectSegments(run: ScenarioRun): ElfWriterSegment[] {
  const pages = run.builder.segments()
  const taken = pages.map(({ phys, bytes }) => rangeAt(phys, bytes.length))
  const segments: ElfWriterSegment[] = pages.map(({ phys, bytes }) => ({ phys, content: bytes }))
  let last = 0
  for (const { start, end, contents, offset } of [...run.contents].sort((a, b) => a.start - b.start)) {
    for (const gap of subtractRanges([{ start: Math.max(start, last), end }], taken)) {
      const part = { ...gap, contents, offset: offset + gap.start - start }
      segments.push({ phys: gap.start, content: rangeContents(part) })
    }
    last = Math.max(last, end)
  }
  return segments.sort((a, b) => a.phys - b.phys)
}

/** Writes a simulation as an ELF core: what has no bytes is RAM that the file does not hold. Gives the file's length. */
export function writeSimulationElf(simulation: Simulation, sink: Sink): number {
  const { machine } = simulation.scenario
  const present = simulation.segments()
  const segments: ElfWriterSegment[] = []
  let next = 0
  for (const { start, end } of mergeRanges(machine.ram)) {
    let at = start
    for (; next < present.length && present[next]!.phys < end; next++) {
      const segment = present[next]!
      if (segment.phys > at) segments.push(absent(at, segment.phys))
      segments.push(segment)
      at = segment.phys + lengthOf(segment)
    }
    if (at < end) segments.push(absent(at, end))
  }
  for (; next < present.length; next++) segments.push(present[next]!)
  const elfMachine = machine.arch === 'arm64' ? ELF_MACHINE.aarch64 : ELF_MACHINE.x86_64
  return writeElf(segments, { machine: elfMachine }, sink)
}

function absent(start: number, end: number): ElfWriterSegment {
  return { phys: start, content: new Uint8Array(0), memsz: end - start }
}

function lengthOf({ content }: ElfWriterSegment): number {
  return content instanceof Uint8Array ? content.length : content.size
}

/** Writes a simulation as a raw file from the start of RAM to its end; memory without bytes is a hole in it. */
export function writeSimulationRaw(simulation: Simulation, sink: Sink): { base: number; size: number } {
  const ram = mergeRanges(simulation.scenario.machine.ram)
  const base = ram[0]!.start
  const { size } = writeRaw(simulation.segments(), { base, end: ram.at(-1)!.end, holes: 'skip' }, sink)
  return { base, size }
}

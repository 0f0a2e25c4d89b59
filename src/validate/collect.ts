import type { ReadingKernel } from '../../formats/kernels/index.js'
import type { Fault } from '../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { findRule } from '../rules/catalogue.js'
import type { Effect, Occurrence, Rule, Severity } from '../rules/rule.js'
import type { Finding } from './verdict.js'

/** One occurrence of a rule, with all that depends on the rule and the reader filled in. */
export interface Found {
  rule: Rule
  severity: Severity
  effect: Effect
  message: string
  path: string | null
  address: number | null
  count: number
}

/** An occurrence that a predicate found. */
export function foundBy(rule: Rule, occurrence: Occurrence, reader: ReadingKernel): Found {
  const path = occurrence.path ?? null
  return {
    rule,
    severity: occurrence.severity ?? rule.severity,
    effect: occurrence.effect ?? effectOf(rule, reader, path),
    message: occurrence.message,
    path,
    address: inRange(occurrence.address),
    count: occurrence.count ?? 1,
  }
}

function effectOf(rule: Rule, reader: ReadingKernel, path: string | null): Effect {
  return typeof rule.effect === 'function' ? rule.effect(reader, path) : rule.effect
}

/** A fault of a decoder, as an occurrence of the rule that explains it. What the dump lacks is no fault of the state. */
export function occurrenceOf(fault: Fault): { rule: Rule; occurrence: Occurrence } {
  const { code, message, path, address, more = 0 } = fault
  const absent: Pick<Occurrence, 'severity' | 'effect'> =
    fault.absent === undefined ? {} : { severity: 'info', effect: 'none' }
  return { rule: findRule(code), occurrence: { message, path, address, count: 1 + more, ...absent } }
}

/** Pointers that are no address are named in the message; there is no place to show for them. */
function inRange(address: number | null | undefined): number | null {
  return address === null || address === undefined || address < 0 || address >= ADDRESS_LIMIT ? null : address
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info']

/**
 * Findings, worst first, then by rule, address and path. What has the same root cause (one rule in one structure) is
 * one finding with a count, unless `all` is asked for; where a decoder and a predicate both saw it, the worse counts.
 */
export function toFindings(found: readonly Found[], memory: PhysicalMemory, all: boolean): Finding[] {
  const shown = all ? [...found] : worstOfEach(found)
  return shown.sort(compare).map(entry => toFinding(entry, memory))
}

/** Of what has one root cause the worst, with the count of all that are as bad. */
function worstOfEach(found: readonly Found[]): Found[] {
  const rules = new Map<Rule, Map<string, Found>>()
  for (const entry of found) {
    let causes = rules.get(entry.rule)
    if (causes === undefined) {
      causes = new Map()
      rules.set(entry.rule, causes)
    }
    const cause = rootCause(entry.path)
    const worst = causes.get(cause)
    if (worst === undefined) causes.set(cause, entry)
    else if (entry.severity === worst.severity) {
      const first = compare(entry, worst) < 0 ? entry : worst
      causes.set(cause, { ...first, count: worst.count + entry.count })
    } else if (compare(entry, worst) < 0) causes.set(cause, entry)
  }
  return [...rules.values()].flatMap(causes => [...causes.values()])
}

function compare(a: Found, b: Found): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    order(a.rule.id, b.rule.id) ||
    (a.address ?? -1) - (b.address ?? -1) ||
    order(a.path ?? '', b.path ?? '') ||
    order(a.message, b.message)
  )
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The structure that a path lies in: one file's folios, one tracker's nodes, one list's blocks are one structure. */
export function rootCause(path: string | null): string {
  return path === null ? '' : path.replace(/\/(folios|nodes|blocks|chunks|entries|runs)\/.*$/, '/$1')
}

function toFinding(entry: Found, memory: PhysicalMemory): Finding {
  const { rule, severity, message, path, address, count } = entry
  const read = address === null ? null : memory.read(address, 1)
  return { rule: rule.id, severity, message, path, address, offset: read?.ok ? read.offset : null, count }
}

import {
  type KernelName,
  READING_KERNELS,
  type ReadingKernel,
  rangeOfNames,
} from '../../../formats/kernels/index.js'
import { DAMAGES, whyNoDamage } from '../../damage/index.js'
import type { JsonOf } from '../../render/json.js'
import type { Palette } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'
import type { Effect, Rule } from '../../rules/rule.js'
import type { schema } from './schema.js'

const COLOURS = { error: 'bad', warning: 'warning', info: 'faint' } as const

/** The width that explanations are broken at. */
const WIDTH = 96

/** What a rule comes to for a kernel, where the place does not decide. */
function effectOf(rule: Rule, kernel: ReadingKernel): Effect {
  return typeof rule.effect === 'function' ? rule.effect(kernel) : rule.effect
}

/** Kernels by what a rule comes to for them, as `oops (since 7.2); none (6.16 to 7.1, v5)`; a plain word where all are alike. */
export function effectText(rule: Rule): string {
  const groups = new Map<Effect, KernelName[]>()
  for (const kernel of READING_KERNELS) {
    const effect = effectOf(rule, kernel)
    groups.set(effect, [...(groups.get(effect) ?? []), kernel.name])
  }
  if (groups.size === 1) return [...groups.keys()][0]!
  return [...groups].map(([effect, releases]) => `${effect} (${rangeOfNames(releases).text})`).join('; ')
}

/** The catalogue, one rule a line, by family. */
export function writeRules(write: Writer, rules: readonly Rule[], palette: Palette): void {
  const width = Math.max(...rules.map(rule => rule.id.length))
  let family = ''
  for (const rule of rules) {
    if (rule.family !== family) {
      write(`${family === '' ? '' : '\n'}${palette.label(rule.family)}\n`)
      family = rule.family
    }
    const severity = palette[COLOURS[rule.severity]](rule.severity.padEnd(7))
    write(`  ${severity}  ${rule.id.padEnd(width)}  ${rule.title}\n`)
  }
}

/** One rule, for a person. */
export function writeRule(write: Writer, rule: Rule, palette: Palette): void {
  const { id, severity, family, title, explanation, applies, kernel, source, bugs = [] } = rule
  write(`${palette.strong(id)}  ${palette[COLOURS[severity]](severity)}  ${family}\n\n`)
  write(`${wrap(`Must hold: ${title}.`, '')}\n\n${wrap(explanation, '')}\n\n`)
  const line = (label: string, text: string) =>
    write(`${palette.label(label.padEnd(8))} ${wrap(text, '         ')}\n`)
  line('applies', applies)
  line('kernel', kernel)
  line('source', source)
  line('effect', effectText(rule))
  const damage = DAMAGES[id]
  line('damage', damage?.about ?? `none: ${whyNoDamage(rule) ?? 'kho damage cannot show it'}`)
  bugs.forEach((bug, n) => {
    line(n === 0 ? 'bugs' : '', bug)
  })
}

/** Breaks a text at blanks; lines after the first begin with `indent`. */
function wrap(text: string, indent: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + indent.length >= WIDTH) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join(`\n${indent}`)
}

/** Rules as the JSON document of `kho rules`. */
export function rulesJson(rules: readonly Rule[]): JsonOf<typeof schema> {
  return {
    schema: 'kho/rules/1',
    rules: rules.map(rule => ({
      id: rule.id,
      family: rule.family,
      severity: rule.severity,
      title: rule.title,
      explanation: rule.explanation,
      applies: rule.applies,
      kernel: rule.kernel,
      source: rule.source,
      effects: READING_KERNELS.map(kernel => ({ reader: kernel.name, effect: effectOf(rule, kernel) })),
      damage: DAMAGES[rule.id]?.about ?? null,
      noDamage: DAMAGES[rule.id] === undefined ? whyNoDamage(rule) : null,
      bugs: [...(rule.bugs ?? [])],
    })),
  }
}

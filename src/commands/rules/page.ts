import { DAMAGES, whyNoDamage } from '../../damage/index.js'
import { HYPOTHESES } from '../../rules/hypotheses.js'
import type { Family, Rule } from '../../rules/rule.js'
import type { UpstreamBug } from '../../rules/upstream-bug.js'
import { UPSTREAM_BUGS } from '../../rules/upstream-bugs.js'
import { effectText } from './text.js'

const FAMILIES: Readonly<Record<Family, string>> = {
  dump: 'The dump',
  root: 'The root FDT',
  handoff: 'How the next kernel is told',
  scratch: 'Scratch areas',
  'chunk-list': 'Chunk lists',
  'radix-tree': 'Radix trees',
  'page-table': 'Page tables',
  'early-trackers': 'Early layouts',
  map: 'The map of preserved memory',
  blob: 'Blobs',
  memblock: 'reserve_mem regions',
  vmalloc: 'vmalloc areas',
  luo: 'Live Update Orchestrator',
  memfd: 'memfds',
  systemd: 'Descriptor stores of systemd',
  'kho-test': 'kho_test',
  'kexec-metadata': 'kexec-metadata',
  layout: 'Structures that a layout tells',
}

const INTRO = `# The rules of \`kho validate\`

Made from the catalogue by \`npm run docs\`; \`kho rules ID\` prints one entry.

**Severity** says what a finding means for the state: an *error* is something that no correct writer hands over, or that
loses memory; a *warning* is odd, or harmless as far as the image shows; an *info* is never the state's fault: what the
dump lacks, or what is assumed.

**Effect** says what the reading kernel makes of it, which can differ by release: \`rejected\` (boots without KHO),
\`oops\` and \`loop\` (does not come up), \`reported\` (a part is lost, with a message or an error), \`silent\` (takes over what
was not meant), \`none\`. The outcome that \`kho validate\` predicts follows from these, and from following early boot step by
step; an error that no kernel notices leaves the outcome \`ok\`.
`

/** docs/rules.md. */
export function rulesPage(rules: readonly Rule[]): string {
  const families = [...new Set(rules.map(rule => rule.family))]
  const index = families.map(family => {
    const ids = rules.filter(rule => rule.family === family).map(({ id }) => `[${id}](#${id.toLowerCase()})`)
    return `- **${FAMILIES[family]}**: ${ids.join(', ')}`
  })
  const sections = families.map(family => {
    const entries = rules.filter(rule => rule.family === family).map(entryOf)
    return `## ${FAMILIES[family]}\n\n${entries.join('\n')}`
  })
  return `${INTRO}\n${index.join('\n')}\n\n${sections.join('\n')}`
}

function entryOf(rule: Rule): string {
  const { id, severity, title, explanation, applies, kernel, source, bugs = [] } = rule
  const lines = [
    `- severity: ${severity}`,
    `- applies to: ${applies}`,
    `- kernel: ${kernel}`,
    `- source: ${source}`,
    `- effect: ${effectText(rule)}`,
    ...(DAMAGES[id] === undefined
      ? [`- no damage: ${whyNoDamage(rule)}`]
      : [`- \`--damage ${id}\`: ${DAMAGES[id].about}`]),
    ...bugs.map(bug => `- seen as: ${bug}`),
  ]
  return `### ${id}\n\n*${title}*\n\n${explanation}\n\n${lines.map(escapeMarks).join('\n')}\n`
}

/** Angle brackets and stars in plain text would be taken for markup. */
function escapeMarks(text: string): string {
  return text.replace(/[<*]/g, mark => `\\${mark}`)
}

const BUGS_INTRO = `# Bugs that KHO really had, and the rules that catch them

Made from the catalogue by \`npm run docs\`. *Releases* are those that have the bug; \`~\` where only derived. SCENARIO is one
that has what is to be broken; a dump of a machine that met the bug shows the same with \`kho validate\`.
`

/** docs/upstream-bugs.md. `damages` are the rules that `kho simulate` can make a bad example for. */
export function upstreamBugsPage(damages: readonly string[]): string {
  const rows = (visible: UpstreamBug['visible']) => UPSTREAM_BUGS.filter(bug => bug.visible === visible)
  const full = rows('full').map(bug => [
    bug.title,
    bug.reference,
    bug.releases,
    ruleLinks(bug.rules),
    command(bug, damages),
  ])
  const parts = rows('part').map(bug => [
    bug.title,
    bug.reference,
    bug.releases,
    ruleLinks(bug.rules),
    bug.needs ?? '',
  ])
  const guards = rows('guard').map(bug => [bug.title, bug.reference, ruleLinks(bug.rules)])
  const unseen = rows('no').map(bug => [bug.title, bug.reference])
  return [
    BUGS_INTRO,
    `## Shown by an image in full\n\n${table(['bug', 'fix', 'releases', 'rules', 'command that shows it'], full)}`,
    `## Shown in part\n\nWhat else it takes is not in the hand-over, so that no rule pretends to check it.\n\n${table(['bug', 'fix', 'releases', 'rules', 'needs'], parts)}`,
    `## Guards against false alarms\n\nNo bugs, though they look like some. These rules keep quiet about them.\n\n${table(['what', 'reference', 'rules'], guards)}`,
    `## Hypotheses\n\nFrom reading the source of 7.2; not seen reported.\n\n${table(
      ['what', 'rules'],
      HYPOTHESES.map(({ title, rules }) => [title, ruleLinks(rules)]),
    )}`,
    `## Not in the hand-over\n\nNothing of these is in any image.\n\n${table(['bug', 'fix'], unseen)}`,
  ].join('\n')
}

function ruleLinks(rules: readonly string[]): string {
  return rules.map(id => `[${id}](rules.md#${id.toLowerCase()})`).join(', ') || '-'
}

/** What shows the bug: on an image that is broken in its way where one can be made, else on one of a machine that met it. */
function command({ rules, reader }: UpstreamBug, damages: readonly string[]): string {
  const as = reader === undefined ? '' : ` --reader ${reader}`
  const damage = rules.find(id => damages.includes(id))
  if (damage === undefined) return `\`kho validate IMAGE${as}\``
  return `\`kho simulate SCENARIO --damage ${damage} -o bad.elf && kho validate bad.elf${as}\``
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}

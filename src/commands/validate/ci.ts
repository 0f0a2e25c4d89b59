import { hex } from '../../../formats/memory/fault.js'
import { escapeText } from '../../render/escape.js'
import { writeJson } from '../../render/json.js'
import type { Writer } from '../../render/writer.js'
import { findRule } from '../../rules/catalogue.js'
import type { Severity } from '../../rules/rule.js'
import type { Finding, Validation } from '../../validate/verdict.js'

/** Forms that CI systems and kselftest read. */
export type CiFormat = 'sarif' | 'junit' | 'ktap'

/** What a CI form is made of. */
export interface CiInput {
  image: string
  version: string
  validation: Validation
  /** True where the outcome is one that was expected. */
  passes: boolean
  /** True for findings that fail the run. */
  fails: (finding: Finding) => boolean
}

/** Writes a verdict in the form that was asked for. */
export function writeCi(write: Writer, format: CiFormat, input: CiInput): void {
  if (format === 'sarif') writeSarif(write, input)
  else if (format === 'junit') writeJunit(write, input)
  else writeKtap(write, input)
}

const LEVELS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' }

/** SARIF 2.1.0: rules once, a result a finding. */
function writeSarif(write: Writer, { image, version, validation }: CiInput): void {
  const { findings, outcome } = validation
  const ids = [...new Set(findings.map(finding => finding.rule))]
  const rules = ids.map(id => {
    const { title, explanation } = findRule(id)
    return { id, shortDescription: { text: title }, fullDescription: { text: explanation } }
  })
  writeJson(write, {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'kho', version, rules } },
        properties: { outcome: outcome.word, kernel: outcome.kernel },
        results: findings.map(finding => ({
          ruleId: finding.rule,
          ruleIndex: ids.indexOf(finding.rule),
          level: LEVELS[finding.severity],
          message: { text: finding.message },
          occurrenceCount: finding.count,
          locations: [sarifLocation(image, finding)],
        })),
      },
    ],
  })
}

function sarifLocation(image: string, { path, address, offset }: Finding) {
  return {
    physicalLocation: {
      artifactLocation: { uri: encodeURI(image) },
      ...(offset === null ? {} : { region: { byteOffset: offset } }),
      ...(address === null ? {} : { address: { fullyQualifiedName: hex(address) } }),
    },
    ...(path === null ? {} : { logicalLocations: [{ fullyQualifiedName: path }] }),
  }
}

/** JUnit: the outcome and each finding a test case; those that fail the run are failures. */
function writeJunit(write: Writer, { image, validation, passes, fails }: CiInput): void {
  const { findings, outcome } = validation
  const failures = findings.filter(fails).length + (passes ? 0 : 1)
  write('<?xml version="1.0" encoding="UTF-8"?>\n')
  write(`<testsuites><testsuite name="kho validate" tests="${findings.length + 1}" failures="${failures}">\n`)
  const why = xml(`the outcome is ${outcome.word}: ${outcome.why.join(' ')}`)
  const verdict = passes ? '' : `<failure message="${why}">${why}</failure>`
  write(
    `<testcase classname="outcome" name="${xml(`${outcome.word} (${outcome.kernel}) ${image}`)}">${verdict}</testcase>\n`,
  )
  for (const finding of findings) {
    const place = [finding.path, finding.address === null ? null : hex(finding.address)]
    const name = place.filter(part => part !== null).join(' ') || finding.message
    write(`<testcase classname="${xml(finding.rule)}" name="${xml(name)}">`)
    const element = fails(finding) ? 'failure' : 'system-out'
    const attribute = fails(finding) ? ` message="${xml(finding.message)}"` : ''
    write(`<${element}${attribute}>${xml(finding.message)}</${element}></testcase>\n`)
  }
  write('</testsuite></testsuites>\n')
}

/** KTAP version 1, as kselftest and KUnit speak it. */
function writeKtap(write: Writer, { image, validation, passes, fails }: CiInput): void {
  const { findings, outcome } = validation
  write(`KTAP version 1\n1..${findings.length + 1}\n`)
  write(`# ${escapeText(image)}\n`)
  write(`${passes ? 'ok' : 'not ok'} 1 outcome ${outcome.word} (${escapeText(outcome.kernel)})\n`)
  findings.forEach((finding, i) => {
    const { rule, path, address, message } = finding
    const place = `${path === null ? '' : ` ${escapeText(path)}`}${address === null ? '' : ` ${hex(address)}`}`
    // A `#` would begin a directive.
    const text = `${place}: ${escapeText(message)}`.replaceAll('#', '\\#')
    // A note is no test that passed: it says what is not known, or not wrong.
    const directive = !fails(finding) && finding.severity === 'info' ? ' # SKIP' : ''
    write(`${fails(finding) ? 'not ok' : 'ok'} ${i + 2} ${rule}${text}${directive}\n`)
  })
}

function xml(text: string): string {
  return escapeText(text).replace(/[<>&"']/g, character => `&#${character.charCodeAt(0)};`)
}

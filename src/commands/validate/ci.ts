import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
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
  const prints = fingerprints(findings)
  const rules = ids.map(id => {
    const { title, explanation } = findRule(id)
    return {
      id,
      shortDescription: { text: title },
      fullDescription: { text: explanation },
      helpUri: helpUri(id, version),
    }
  })
  writeJson(write, {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'kho', version, rules } },
        properties: { outcome: outcome.word, kernel: outcome.kernel },
        results: findings.map((finding, n) => ({
          ruleId: finding.rule,
          ruleIndex: ids.indexOf(finding.rule),
          level: LEVELS[finding.severity],
          message: { text: finding.message },
          occurrenceCount: finding.count,
          partialFingerprints: { 'khoFinding/v1': prints[n] },
          locations: [sarifLocation(image, finding)],
        })),
      },
    ],
  })
}

/** The rule's entry in docs/rules.md, which is part of the package. */
function helpUri(id: string, version: string): string {
  return `https://unpkg.com/kho-tools@${encodeURIComponent(version)}/docs/rules.md#${id.toLowerCase()}`
}

/**
 * What makes a finding the same one in another dump: its rule and its place in the state, not its address, which every
 * boot changes. Of several of one rule at one place, the number.
 */
function fingerprints(findings: readonly Finding[]): string[] {
  const seen = new Map<string, number>()
  return findings.map(({ rule, path }) => {
    const key = `${rule} ${path ?? ''}`
    const n = seen.get(key) ?? 0
    seen.set(key, n + 1)
    return bytesToHex(sha256(new TextEncoder().encode(`${key} ${n}`))).slice(0, 32)
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
  const skipped = findings.filter(finding => isNote(finding, fails)).length
  write('<?xml version="1.0" encoding="UTF-8"?>\n')
  write(
    `<testsuites><testsuite name="kho validate" tests="${findings.length + 1}" failures="${failures}" skipped="${skipped}">\n`,
  )
  const why = xml(`the outcome is ${outcome.word}: ${outcome.why.join(' ')}`)
  const verdict = passes ? '' : `<failure message="${why}">${why}</failure>`
  write(
    `<testcase classname="outcome" name="${xml(`${outcome.word} (${outcome.kernel}) ${image}`)}">${verdict}</testcase>\n`,
  )
  for (const finding of findings) {
    const place = [finding.path, finding.address === null ? null : hex(finding.address)]
    const name = place.filter(part => part !== null).join(' ') || finding.message
    write(`<testcase classname="${xml(finding.rule)}" name="${xml(name)}">`)
    const message = xml(finding.message)
    if (fails(finding)) write(`<failure message="${message}">${message}</failure></testcase>\n`)
    else if (isNote(finding, fails)) write(`<skipped message="${message}"/></testcase>\n`)
    else write(`<system-out>${message}</system-out></testcase>\n`)
  }
  write('</testsuite></testsuites>\n')
}

/** A note is no test that passed: it says what is not known, or not wrong. */
function isNote(finding: Finding, fails: CiInput['fails']): boolean {
  return finding.severity === 'info' && !fails(finding)
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
    const directive = isNote(finding, fails) ? ' # SKIP' : ''
    write(`${fails(finding) ? 'not ok' : 'ok'} ${i + 2} ${rule}${text}${directive}\n`)
  })
}

function xml(text: string): string {
  return escapeText(text).replace(/[<>&"']/g, character => `&#${character.charCodeAt(0)};`)
}

import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { writeCi } from '../../../src/commands/validate/ci.js'
import { validateState } from '../../../src/validate/validate.js'
import type { Finding, Validation } from '../../../src/validate/verdict.js'
import { describeWith } from '../../material.js'
import { fixture, kho } from '../cli/kho.js'
import { stateOfCalls, stateOfFixture } from '../model/described-states.js'

const BAD = { luo_flb: { name: 'pci', count: 0, struct: { nr_devices: 4, devices: [{ bdf: 8 }] } } }

async function ciOf(validation: Validation, format: 'sarif' | 'junit' | 'ktap'): Promise<string> {
  let text = ''
  writeCi(
    chunk => {
      text += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk)
    },
    format,
    {
      image: 'a dump <1>.elf',
      version: '0.1.0',
      validation,
      passes: validation.outcome.word === 'ok',
      fails: (finding: Finding) => finding.severity === 'error',
    },
  )
  return text
}

interface Sarif {
  runs: {
    tool: { driver: { rules: { id: string; helpUri: string }[] } }
    results: { ruleId: string; partialFingerprints: Record<string, string> }[]
  }[]
}

const sarifOf = async (validation: Validation) => JSON.parse(await ciOf(validation, 'sarif')) as Sarif

describe('SARIF', () => {
  it('leads from each rule to its page', async () => {
    const { runs } = await sarifOf(validateState(await stateOfCalls([BAD])))
    const { rules } = runs[0]!.tool.driver
    expect(rules.map(({ id }) => id)).toContain('PCI-COUNT')
    const page = readFileSync('docs/rules.md', 'utf8')
    for (const { id, helpUri } of rules) {
      const uri = new URL(helpUri)
      expect(uri.hash).toBe(`#${id.toLowerCase()}`)
      expect(page).toContain(`### ${id}\n`)
    }
  })

  it('gives a finding the same fingerprint wherever its memory lies, and each its own', async () => {
    const prints = async (calls: Parameters<typeof stateOfCalls>[0]) => {
      const { runs } = await sarifOf(validateState(await stateOfCalls(calls), { all: true }))
      return runs[0]!.results.map(({ partialFingerprints }) => partialFingerprints['khoFinding/v1'])
    }
    const here = await prints([BAD])
    const there = await prints([
      { preserve_folio: { order: 0 } },
      { unpreserve_folio: { address: 0x1000, order: 0 } },
      BAD,
    ])
    expect(new Set(here).size).toBe(here.length)
    expect(there).toEqual(expect.arrayContaining(here))
    for (const print of here) expect(print).toMatch(/^[0-9a-f]{32}$/)
  })

  describeWith('KHO_TEST_SARIF_SCHEMA', 'the schema of the standard', path => {
    // The schema is of draft 4, whose few differences to draft 7 it does not use.
    const {
      $schema: _,
      id: __,
      ...schema
    } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    const valid = new Ajv({ strict: false, validateFormats: false }).compile(schema)

    it('takes what is written of good states, bad ones, and a dump', async () => {
      for (const state of [await stateOfFixture('pci'), await stateOfCalls([BAD])]) {
        expect([valid(await sarifOf(validateState(state, { all: true }))), valid.errors]).toEqual([
          true,
          null,
        ])
      }
      const { out } = await kho(['validate', fixture('basic-1g.s2-early'), '--as', 'sarif'])
      expect([valid(JSON.parse(out)), valid.errors]).toEqual([true, null])
    })

    it('does not take anything', () => {
      expect(valid({ version: '2.1.0', runs: [{ results: [] }] })).toBe(false)
    })
  })
})

describe('JUnit and KTAP', () => {
  it('call a note skipped, a warning passed, an error failed, and an outcome that was not expected failed', async () => {
    const validation = validateState(await stateOfCalls([BAD]))
    const count = (severity: string) =>
      validation.findings.filter(finding => finding.severity === severity).length
    const [errors, warnings, notes] = [count('error'), count('warning'), count('info')]
    expect(Math.min(errors, warnings, notes)).toBeGreaterThan(0)
    const failed = errors + (validation.outcome.word === 'ok' ? 0 : 1)
    const junit = await ciOf(validation, 'junit')
    expect(junit).toContain(
      `tests="${errors + warnings + notes + 1}" failures="${failed}" skipped="${notes}"`,
    )
    expect(junit.match(/<failure /g)).toHaveLength(failed)
    expect(junit.match(/<skipped /g)).toHaveLength(notes)
    const ktap = (await ciOf(validation, 'ktap')).split('\n')
    expect(ktap.filter(line => line.startsWith('not ok '))).toHaveLength(failed)
    expect(ktap.filter(line => / # SKIP$/.test(line))).toHaveLength(notes)
    expect(ktap[1]).toBe(`1..${errors + warnings + notes + 1}`)
  })
})

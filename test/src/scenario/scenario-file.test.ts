import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseScenario } from '../../../src/scenario/scenario-file.js'
import { ROOT } from '../../built.js'

const MACHINE = 'machine:\n  ram: [0-1G]\n  scratch: [{ address: 0x38000000, size: 32M }]\n'

/** What the user is told. */
function refusal(text: string): string {
  try {
    parseScenario(text, 'x.yaml')
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return 'accepted'
}

describe('a scenario file', () => {
  it('is YAML or JSON, and gets defaults', () => {
    const fromYaml = parseScenario(`${MACHINE}calls:\n  - preserve_folio: { order: 9 }\n  - kexec\n`)
    const fromJson = parseScenario(
      JSON.stringify({
        machine: { ram: ['0-1G'], scratch: [{ address: '0x38000000', size: '32M' }] },
        calls: [{ preserve_folio: { order: 9 } }, 'kexec'],
      }),
    )
    expect(fromJson).toEqual(fromYaml)
    expect(fromYaml.machine).toMatchObject({ arch: 'x86_64', kernel: '7.2', page_size: 12, kexec_count: 1 })
    expect(fromYaml.calls[0]).toEqual({
      name: 'preserve_folio',
      args: { address: 'auto', order: 9, contents: 'none' },
    })
  })

  it.each([
    ['7.0', '7.0'],
    ['7.2', '7.2'],
    ['6.19', '6.19'],
    ['6.17.9', '6.17.9'],
    ["'v5'", 'v5'],
  ])('takes kernel: %s as %s', (text, kernel) => {
    expect(parseScenario(MACHINE.replace('machine:', `machine:\n  kernel: ${text}`)).machine.kernel).toBe(
      kernel,
    )
  })

  it('keeps tokens of 64 bits whole', () => {
    const scenario = parseScenario(
      `${MACHINE}calls:\n  - luo_session: { name: a, memfds: [{ token: '0xffffffffffffffff', size: 0 }] }\n`,
    )
    expect(scenario.calls[0]).toMatchObject({ args: { memfds: [{ token: 2n ** 64n - 1n, size: 0 }] } })
  })

  it.each(readdirSync(join(ROOT, 'fixtures/scenarios')))('%s is one', name => {
    const text = readFileSync(join(ROOT, 'fixtures/scenarios', name), 'utf8')
    expect(parseScenario(text, name).calls.length).toBeGreaterThan(0)
  })

  it.each([
    [
      `${MACHINE}calls:\n  - preserve_folio: { order: nine }\n`,
      /x\.yaml:5: calls\.0\.preserve_folio\.order: /,
    ],
    [
      `${MACHINE}calls:\n  - preserve_folios: { order: 9 }\n`,
      /x\.yaml:5: calls\.0: expected one call .*such as/,
    ],
    [`${MACHINE}calls:\n  - kexec\n  - finalize\n`, /x\.yaml:6: calls\.1: expected nothing after kexec/],
    [
      `${MACHINE}calls:\n  - preserve_pages: { pages: 0 }\n`,
      /calls\.0\.preserve_pages\.pages: expected a count/,
    ],
    [`${MACHINE}calls:\n  - preserve_pages: { pages: 1, size: 2 }\n`, /there is no such key: size/],
    [`${MACHINE}calls:\n  - preserve_random: { range: 0-1G }\n`, /expected one of density .* and count/],
    [`${MACHINE}calls:\n  - add_subtree: { name: x }\n`, /expected one of fdt, struct, or size and contents/],
    [
      'machine:\n  ram: [1G-0]\n  scratch: [{ address: 0, size: 32M }]\n',
      /x\.yaml:2: machine\.ram\.0: expected a range/,
    ],
    [
      'machine:\n  ram: [0-1G]\n  scratch: [{ address: 2G, size: 32M }]\n',
      /machine\.scratch\.0: expected an area inside RAM/,
    ],
    ['machine:\n  ram: [0-1G]\n  kernel: 5.4\n  scratch: [{ address: 0, size: 32M }]\n', /machine\.kernel/],
    ['machine: [\n', /x\.yaml:\d+:\d+: this is no YAML/],
    ['calls: []\n', /machine: /],
    ['', /the file|machine/],
  ])('says what is wrong with %j', (text, message) => {
    expect(refusal(text)).toMatch(message)
  })

  it.each([
    ['calls: *x\n', /an alias stands for nothing: \*x/],
    [`${MACHINE}calls: ${'['.repeat(100_000)}`, /nested more than/],
    [
      `${MACHINE}calls:\n${Array.from({ length: 500 }, (_, n) => `${' '.repeat(n)}- `).join('\n')}`,
      /nested more than/,
    ],
    [`${MACHINE}calls:\n  ${'- '.repeat(5000)}x`, /nested more than/],
    ['\x7fELF\x02\x01', /x\.yaml is an ELF image, not a scenario/],
    [`# ${'x'.repeat(2 ** 20)}\n`, /more than 1048576/],
    [`${MACHINE}calls:\n  - preserve_folio: { order: 41 }\n`, /order: expected at most 40/],
    [`${MACHINE}calls:\n  - preserve_folio: {}\n`, /order: missing: expected a number/],
    [`${MACHINE}calls: 1\n`, /calls: expected a list/],
    [`${MACHINE}  kernel: '1.0'\n`, /machine\.kernel: expected one of 7/],
    [
      `${MACHINE}calls:\n  - preserve_folio: { order: 0, contents: { hex: abc } }\n`,
      /contents\.hex: expected hexadecimal/,
    ],
    [`${MACHINE}calls:\n  - reserve_mem: { name: [1], size: 4K }\n`, /name: expected text/],
  ])('says in words what is wrong with %.60j', (text, message) => {
    const said = refusal(text)
    expect(said).toMatch(message)
    expect(said).not.toMatch(/undefined|Invalid|Too (big|small)|Unrecognized/)
  })

  it.each([
    [
      'flow',
      'a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c]\n',
    ],
    [
      'block',
      Array.from(
        { length: 9 },
        (_, n) =>
          `a${n}: &a${n} [${
            n === 0
              ? 'x'
              : Array(9)
                  .fill(`*a${n - 1}`)
                  .join(', ')
          }]`,
      ).join('\n'),
    ],
    ['round', 'a: &a [*a]\n'],
  ])('is not blown up by aliases: %s', (_kind, bomb) => {
    expect(refusal(bomb)).toMatch(/^x\.yaml/)
  })
})

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { READING_KERNELS } from '../../../formats/kernels/index.js'
import { rulesPage, upstreamBugsPage } from '../../../src/commands/rules/page.js'
import { DAMAGES } from '../../../src/damage/index.js'
import { findRule, RULES } from '../../../src/rules/catalogue.js'
import { HYPOTHESES } from '../../../src/rules/hypotheses.js'
import { UPSTREAM_BUGS } from '../../../src/rules/upstream-bugs.js'
import { ROOT } from '../../built.js'

/**
 * Folders whose sources can raise a fault or name a rule. formats/fdt has codes of its own, which
 * FDT-BROKEN and FDT-ODD carry.
 */
const RAISING = ['src/kernel/reader', 'formats', 'src/image', 'src/model', 'src/owners', 'src/validate']
const OWN_CODES = /^formats\/fdt\//

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name))
    .filter(name => !OWN_CODES.test(name))
}

/** Names of other things that look like ids of rules: a note of ELF cores. */
const OTHER_NAMES = ['KHO-TOOLS']

/** String literals that look like ids of rules. */
function codesIn(files: readonly string[]): Set<string> {
  const codes = new Set<string>()
  for (const file of files) {
    const text = readFileSync(join(ROOT, file), 'utf8')
    for (const [, code] of text.matchAll(/'([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+)'/g)) codes.add(code!)
  }
  return codes
}

const raised = codesIn(RAISING.flatMap(sources))

describe('the catalogue', () => {
  it('has a rule for every code that a decoder, or early boot, can raise', () => {
    const ids = new Set(RULES.map(rule => rule.id))
    expect(raised.size).toBeGreaterThan(100)
    expect([...raised].filter(code => !ids.has(code) && !OTHER_NAMES.includes(code))).toEqual([])
  })

  it('has no rule that nothing can raise', () => {
    expect(
      RULES.filter(rule => rule.check === undefined && !raised.has(rule.id)).map(({ id }) => id),
    ).toEqual([])
  })

  it('gives each rule one id, and finds it by that', () => {
    expect(new Set(RULES.map(rule => rule.id)).size).toBe(RULES.length)
    for (const rule of RULES) {
      expect(rule.id).toMatch(/^[A-Z][A-Z0-9]*(-[A-Z0-9]+)+$/)
      expect(findRule(rule.id)).toBe(rule)
    }
    expect(() => findRule('NO-SUCH-RULE')).toThrow(/no rule is called 'NO-SUCH-RULE'/)
  })

  it.each(RULES.map(rule => [rule.id, rule] as const))('%s is explained', (_, rule) => {
    expect(rule.title).not.toMatch(/[.]$/)
    expect(rule.explanation).toMatch(/[.]$/)
    expect(rule.explanation.length).toBeGreaterThan(30)
    for (const text of [rule.applies, rule.kernel, rule.source]) expect(text.length).toBeGreaterThan(3)
  })

  it('gives notes no effect: they say what is not known, or what is harmless', () => {
    for (const rule of RULES.filter(({ severity }) => severity === 'info')) {
      const effects = READING_KERNELS.map(reader =>
        typeof rule.effect === 'function' ? rule.effect(reader) : rule.effect,
      )
      expect([rule.id, ...new Set(effects)]).toEqual([rule.id, 'none'])
    }
  })

  it('lets a panic of LUO only happen to readers that read that form of it', () => {
    const effect = (id: string, release: string, path?: string) => {
      const rule = findRule(id)
      const reader = READING_KERNELS.find(entry => entry.release === release)!
      return typeof rule.effect === 'function' ? rule.effect(reader, path) : rule.effect
    }
    expect(effect('LUO-SIZE', '7.2')).toBe('oops')
    expect(effect('LUO-SIZE', '7.1')).toBe('none')
    expect(effect('LUO-NUMBER', '7.1')).toBe('oops')
    expect(effect('LUO-COMPATIBLE', '6.18')).toBe('none')
    expect(effect('LUO-BLOCK-CYCLE', '7.2', 'luo/blocks/0x1000')).toBe('oops')
    expect(effect('LUO-BLOCK-CYCLE', '7.2', 'luo/sessions/a/blocks/0x1000')).toBe('reported')
    expect(effect('BLOB-FDT-INVALID', '7.1', 'luo')).toBe('oops')
    expect(effect('BLOB-FDT-INVALID', '7.1', 'memblock')).toBe('reported')
  })
})

describe('the list of upstream bugs', () => {
  const of = (visible: string) => UPSTREAM_BUGS.filter(bug => bug.visible === visible)

  it('has every bug that is known, by how much of it an image shows', () => {
    expect([of('full').length, of('part').length, of('guard').length, of('no').length]).toEqual([
      32, 10, 2, 9,
    ])
  })

  it('names a rule for each that an image shows, and what else it takes for the others', () => {
    for (const bug of of('full')) expect([bug.title, bug.rules.length > 0]).toEqual([bug.title, true])
    for (const bug of of('part')) expect([bug.title, bug.needs]).not.toEqual([bug.title, undefined])
    for (const { rules } of [...UPSTREAM_BUGS, ...HYPOTHESES]) for (const id of rules) findRule(id)
  })

  it('is told by the rules, without the guards', () => {
    expect(findRule('MEMFD-FOLIO-CLEAN').bugs).toEqual([
      'mm: memfd_luo: always dirty all folios (CVE-2026-43389) (7e04bf1f3315)',
    ])
    expect(findRule('SCRATCH-OVERLAP').bugs).toEqual([])
  })
})

describe('the pages made from the catalogue', () => {
  const page = (name: string) => readFileSync(join(ROOT, 'docs', name), 'utf8')

  it('are up to date: if not, `npm run docs`', () => {
    expect(page('rules.md')).toBe(rulesPage(RULES))
    expect(page('upstream-bugs.md')).toBe(upstreamBugsPage(Object.keys(DAMAGES)))
  })

  it('link only to rules that exist', () => {
    const anchors = new Set([...rulesPage(RULES).matchAll(/^### (.+)$/gm)].map(([, id]) => id!.toLowerCase()))
    const links = [...upstreamBugsPage([]).matchAll(/rules\.md#([a-z0-9-]+)/g)].map(([, anchor]) => anchor!)
    expect(links.length).toBeGreaterThan(50)
    expect(links.filter(anchor => !anchors.has(anchor))).toEqual([])
  })
})

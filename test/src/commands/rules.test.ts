import { describe, expect, it } from 'vitest'
import { RULES } from '../../../src/rules/catalogue.js'
import { kho } from '../cli/kho.js'

describe('kho rules', () => {
  it('lists every rule, by family', async () => {
    const { code, out, err } = await kho(['rules'])
    expect([code, err]).toEqual([0, ''])
    const lines = out.split('\n').filter(line => line.startsWith('  '))
    expect(lines).toHaveLength(RULES.length)
    expect(out).toMatch(/^radix-tree$/m)
    expect(out).toMatch(/^ {2}error {4}RADIX-SHARED-NODE +each node has one slot that points to it$/m)
  })

  it('explains one', async () => {
    const { code, out } = await kho(['rules', 'LUO-BLOCK-CYCLE'])
    expect(code).toBe(0)
    expect(out).toMatch(/^LUO-BLOCK-CYCLE {2}error {2}luo$/m)
    expect(out).toContain('"Block set is corrupted"')
    expect(out).toMatch(
      /^effect +none \(6\.16 to 7\.1, v5, mail-table, v5-table, kho-v2\); oops \(since 7\.2\)/m,
    )
    expect(out).toMatch(/^bugs +liveupdate: validate handover metadata before using it \(0349ff288705\)$/m)
    expect(Math.max(...out.split('\n').map(line => line.length))).toBeLessThanOrEqual(110)
  })

  it('gives the same as JSON', async () => {
    const { out } = await kho(['rules', '--json'])
    const all = JSON.parse(out) as { schema: string; rules: { id: string; effects: unknown[] }[] }
    expect(all.schema).toBe('kho/rules/1')
    expect(all.rules.map(rule => rule.id)).toEqual(RULES.map(rule => rule.id))
    const one = JSON.parse((await kho(['rules', 'ROOT-COMPATIBLE', '--json'])).out) as typeof all
    expect(one.rules[0]!.effects).toContainEqual({ reader: 'v5', effect: 'none' })
    expect(one.rules[0]!.effects).toContainEqual({ reader: '7.2', effect: 'rejected' })
  })

  it('refuses an id that nobody has', async () => {
    const { code, out, err } = await kho(['rules', 'NO-SUCH-RULE'])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain("no rule is called 'NO-SUCH-RULE'")
  })
})

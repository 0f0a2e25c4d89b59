import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { COMPARED } from '../../../src/compare/compare.js'
import { ROOT } from '../../built.js'
import { matches, readTranscript } from '../../transcript.js'
import { fixture, kho } from '../cli/kho.js'
import { expectValid } from '../cli/valid.js'

describe('kho compare', () => {
  it('answers for an image in JSON that its schema describes', async () => {
    const { code, out } = await kho(['compare', fixture('basic-1g.s2-early'), '--json'])
    expect(code).toBe(0)
    const document = JSON.parse(out) as { trackers: { tracker: string }[] }
    expectValid('compare', document)
    expect(document.trackers.map(({ tracker }) => tracker)).toEqual(COMPARED)
  })

  it('refuses a map that is not whole', async () => {
    expect(await kho(['compare', fixture('basic-1g.s2-in'), '--root', 'incoming'])).toMatchObject({ code: 5 })
    expect(await kho(['compare', '/nowhere.yaml'])).toMatchObject({ code: 3 })
  })
})

describe('docs/compare.md', () => {
  const steps = readTranscript(readFileSync(join(ROOT, 'docs/compare.md'), 'utf8'))

  it('has the worked scenarios', () => {
    expect(steps).toHaveLength(6)
  })

  it.each(steps.map(step => [step.command, step.shown] as const))('%s', async (command, shown) => {
    const args = command
      .split(' ')
      .slice(1)
      .map(word => (word.startsWith('fixtures/') ? join(ROOT, word) : word))
    const { code, out } = await kho(args)
    expect(code).toBe(0)
    expect(matches(shown!, out.replace(/\n$/, '').split('\n'))).toBe(true)
  })
})

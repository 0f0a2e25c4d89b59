import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { buildProgram } from '../../../src/cli/program.js'
import { ROOT } from '../../built.js'
import { fixture, kho } from '../cli/kho.js'
import { SCHEMAS } from '../cli/valid.js'

/** Checks a document against what `kho schema` prints, with a validator that is not ours. */
async function errorsOf(name: string, document: unknown): Promise<unknown> {
  const { out } = await kho(['schema', name])
  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(out) as object)
  return validate(document) ? [] : validate.errors
}

const folders = [join(ROOT, 'fixtures')]
if (process.env.KHO_TEST_CAPTURES !== undefined) folders.push(process.env.KHO_TEST_CAPTURES)
const images = folders.flatMap(folder =>
  readdirSync(folder)
    .filter(file => file.endsWith('.elf'))
    .map(file => join(folder, file)),
)

describe('kho schema', () => {
  it('has a schema for every command with --json, and for no other', async () => {
    const terminal = { out() {}, err() {}, outIsTerminal: false, errIsTerminal: false, env: {} }
    const program = await buildProgram(terminal)
    const writing = program.commands.filter(({ options }) => options.some(({ long }) => long === '--json'))
    expect(writing.map(command => command.name()).sort()).toEqual([...SCHEMAS.keys()].sort())
  })

  it.each([[['abi']], [['abi', '6.17.8', '7.2']], [['rules', 'ROOT-COMPATIBLE']]])(
    'holds for %j',
    async args => {
      const { out } = await kho([...args, '--json'])
      expect(await errorsOf(args[0]!, JSON.parse(out))).toEqual([])
    },
  )

  it('lists its names', async () => {
    expect(await kho(['schema'])).toEqual({ code: 0, out: `${[...SCHEMAS.keys()].join('\n')}\n`, err: '' })
  })

  it.each([...SCHEMAS.keys()])('%s describes documents of its own version', async name => {
    const { out } = await kho(['schema', name])
    expect(JSON.parse(out)).toMatchObject({ $id: `kho/${name}/1` })
    expect(out).toContain(`"const": "kho/${name}/1"`)
  })

  it.each(images)('holds for %s', async image => {
    for (const root of ['incoming', 'outgoing']) {
      const dump = await kho(['dump', image, '--json', '--root', root])
      if (dump.code === 4) continue
      expect(dump.code).toBe(0)
      expect(await errorsOf('dump', JSON.parse(dump.out))).toEqual([])
    }
    for (const args of [[], ['--ranges']]) {
      const pages = await kho(['pages', image, '--json', ...args])
      expect(pages.code).toBe(0)
      expect(await errorsOf('pages', JSON.parse(pages.out))).toEqual([])
    }
  })

  it('holds for a part', async () => {
    const part = await kho(['dump', fixture('basic-1g.s2-early'), 'luo/sessions', '--json'])
    expect(await errorsOf('dump', JSON.parse(part.out))).toEqual([])
  })

  it('does not hold for anything', async () => {
    const { out } = await kho(['dump', fixture('basic-1g.s2-early'), '--json'])
    const good = JSON.parse(out) as { tracker: object; root: object; blobs: object[] }
    expect(await errorsOf('dump', { ...good, schema: 'kho/dump/2' })).not.toEqual([])
    expect(await errorsOf('dump', { ...good, novelty: 1 })).not.toEqual([])
    expect(await errorsOf('dump', { ...good, root: { ...good.root, address: 0x60d000 } })).not.toEqual([])
    expect(await errorsOf('dump', { ...good, tracker: { ...good.tracker, nodes: '42' } })).not.toEqual([])
    expect(await errorsOf('dump', { ...good, blobs: [{ ...good.blobs[0], value: {} }] })).not.toEqual([])
    expect(await errorsOf('pages', { schema: 'kho/pages/1' })).not.toEqual([])
  })
})

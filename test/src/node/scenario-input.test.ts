import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture, kho } from '../cli/kho.js'

let folder = ''
const at = (name: string) => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-scenario-'))
  mkdirSync(at('mine/deep'), { recursive: true })
  writeFileSync(at('secret'), 'secret')
  writeFileSync(at('mine/near'), 'near')
  writeFileSync(at('mine/deep/near'), 'near')
  symlinkSync('../secret', at('mine/link'))
  symlinkSync('..', at('mine/up'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A scenario in the folder `mine` that takes contents from a file. */
function scenario(file: string): string {
  const path = at('mine/x.yaml')
  writeFileSync(
    path,
    `machine: { ram: [0-64M], scratch: [{ address: 32M, size: 4M }] }
calls:
  - preserve_folio: { order: 0, contents: { file: ${JSON.stringify(file)} } }
  - kexec
`,
  )
  return path
}

describe('contents from a file', () => {
  it.each(['near', './deep/near', 'deep/../near'])('%s lies beside the scenario', async file => {
    expect(await kho(['simulate', scenario(file), '-q', '-o', at('out')])).toMatchObject({ code: 0, err: '' })
  })

  it.each(['../secret', 'link', 'up/secret', '/etc/passwd'])(
    '%s does not, and is not taken unasked',
    async file => {
      const path = scenario(file)
      for (const command of [
        ['simulate', path, '-q', '-o', at('out')],
        ['compare', path],
      ]) {
        expect(await kho(command)).toMatchObject({
          code: 2,
          err: expect.stringContaining('--allow-outside'),
        })
      }
      expect((await kho(['simulate', path, '-q', '-o', at('out'), '--allow-outside'])).code).toBe(0)
    },
  )

  it('is never the file that is written', async () => {
    const path = scenario('near')
    for (const output of [at('mine/near'), path, at('mine/up/mine/near')]) {
      expect((await kho(['simulate', path, '-q', '-o', output])).code).toBe(2)
    }
  })
})

describe('a scenario', () => {
  it.each([
    ['a pipe', 'pipe', 3, 'is a pipe'],
    ['a directory', 'mine', 3, 'is a directory'],
    ['nothing', 'nothing', 3, 'no such file'],
    ['empty', 'empty', 3, 'is empty'],
  ])('that is %s is refused at once', async (_what, name, code, message) => {
    execFileSync('sh', ['-c', `rm -f "${at('pipe')}"; mkfifo "${at('pipe')}"; : > "${at('empty')}"`])
    const ran = await kho(['simulate', at(name), '-o', at('out')])
    expect(ran).toMatchObject({ code, err: expect.stringContaining(message) })
  })

  it('that is an image is said to be one, whatever its size', async () => {
    const ran = await kho(['simulate', fixture('basic-1g.s1-kexec'), '-o', at('out')])
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('is an ELF image, not a scenario') })
  })

  it.each(['1000000000', '4503599627370495'])('with a count of %s ends', async count => {
    const path = at('count.yaml')
    writeFileSync(
      path,
      `machine: { ram: [0-1T], scratch: [{ address: 32M, size: 4M }] }
calls: [{ preserve_random: { range: 1G-1T, count: ${count} } }, kexec]\n`,
    )
    expect((await kho(['simulate', path, '-o', at('out')])).code).toBe(2)
  })
})

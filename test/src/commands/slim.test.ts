import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../../built.js'
import { kho } from '../cli/kho.js'
import { expectValid } from '../cli/valid.js'

let folder = ''
const image = join(ROOT, 'fixtures/linux-7.2.basic-1g.s2-in.elf')

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-slim-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('kho slim', () => {
  it('writes an image on which other commands give the same answers', async () => {
    const file = join(folder, 'slim.elf')
    const { code, out } = await kho(['slim', image, '-o', file])
    expect(code).toBe(0)
    expect(out).toContain(`${file}: ${statSync(file).size} bytes`)
    for (const command of [['pages'], ['pages', '--owner'], ['validate'], ['dump', 'luo']]) {
      const [name, ...rest] = command as [string, ...string[]]
      const before = await kho([name, image, ...rest])
      const after = await kho([name, file, ...rest])
      expect(after.out).toBe(before.out)
      expect(after.code).toBe(before.code)
    }
  })

  it('answers in JSON that its schema describes', async () => {
    const file = join(folder, 'json.elf')
    const { code, out } = await kho(['slim', image, '-o', file, '--json', '--redact', '--hash'])
    expect(code).toBe(0)
    expectValid('slim', JSON.parse(out))
    expect(JSON.parse(out)).toMatchObject({
      file,
      size: statSync(file).size,
      redacted: 'zeroed, names hashed',
    })
  })

  it('never writes over its input', async () => {
    const file = join(folder, 'input.elf')
    copyFileSync(image, file)
    const { code, err } = await kho(['slim', file, '-o', file])
    expect(code).toBe(2)
    expect(err).toContain('overwrite')
    expect(Buffer.compare(readFileSync(file), readFileSync(image))).toBe(0)
  })

  it('says what is wrong with a command line', async () => {
    expect(await kho(['slim', image])).toMatchObject({ code: 2 })
    expect(await kho(['slim', image, '-o', join(folder, 'x'), '--hash'])).toMatchObject({ code: 2 })
    expect(await kho(['slim', image, '-o', '-', '--json'])).toMatchObject({ code: 2 })
    expect(await kho(['slim', image, '-o', join(folder, 'x'), '--path', 'luo/none'])).toMatchObject({
      code: 4,
    })
  })
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fixture, kho } from '../cli/kho.js'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-schemas-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const IMAGE = fixture('basic-1g.s1-kexec')

it.each([
  ['whois', ['whois', IMAGE, '0x60d000', '0x630000', '0x1', '0xffff88800060d000', '0x60d004', '--json']],
  ['hex', ['hex', IMAGE, 'luo/sessions/vm-a/blocks/#0', '--json']],
  ['hex', ['hex', IMAGE, 'tracker/nodes/0x612000', '--json']],
  ['hex', ['hex', IMAGE, 'fdt', '--json']],
  ['hex', ['hex', IMAGE, '0x3d5ff000+8K', '--json']],
  ['extract', ['extract', IMAGE, 'memblock/khotrace', '--partial', '--json', '-o', 'FILE']],
  ['extract', ['extract', IMAGE, 'luo/sessions/vm-a/files/1', '--json', '-o', 'FILE']],
  ['pages', ['pages', IMAGE, '--owner', '--json']],
  ['pages', ['pages', IMAGE, '--owner', '--ranges', '--json']],
])('kho schema %s describes %j', async (name, args) => {
  const schema = JSON.parse((await kho(['schema', name])).out) as object
  const ran = await kho(args.map(argument => (argument === 'FILE' ? join(folder, 'out') : argument)))
  const validate = new Ajv2020({ strict: false }).compile(schema)
  validate(JSON.parse(ran.out))
  expect(validate.errors).toBeNull()
  expect(validate({ schema: `kho/${name}/1` })).toBe(false)
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFdtWriter, stringBytes } from '../../../formats/fdt/index.js'
import { writeJson } from '../../../src/render/json.js'
import { readElfBytes } from '../cli/elf-bytes.js'
import { hostileImage } from '../cli/hostile.js'
import { fixture, kho } from '../cli/kho.js'
import { machine } from '../owners/synthetic.js'

const IMAGE = fixture('basic-1g.s1-kexec')
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-hex-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('kho hex', () => {
  it('shows address, file offset, bytes, name and value', async () => {
    const ran = await kho(['hex', IMAGE, 'luo/sessions/vm-a/files/2/memfd/folios/#0'])
    expect(ran.code).toBe(0)
    const luo = await kho(['hex', IMAGE, 'luo'])
    expect(luo.out).toBe(`luo: blob (luo-v5), 0x239f000-0x239f020
physical          file offset       bytes
luo  struct luo_ser
000000000239f000  0000000000041000  6c 75 6f 2d 76 35 00 00                            luo-v5..        compatible = "luo-v5"
000000000239f008  0000000000041008  01 00 00 00 00 00 00 00                            ........        liveupdateNum = 1
000000000239f010  0000000000041010  00 f0 4c 02 00 00 00 00                            ..L.....        sessionsPa = 0x24cf000
000000000239f018  0000000000041018  00 00 3a 02 00 00 00 00                            ..:.....        flbsPa = 0x23a0000
`)
  })

  it('shows the very bytes of the file, in all rows', async () => {
    const ran = await kho(['hex', IMAGE, '0x60d000+0x400', '--json'])
    const { spans } = JSON.parse(ran.out) as {
      spans: { kind: string; length: number; bytes: string | null; fill: number | null; offset: number }[]
    }
    const bytes = spans
      .map(span => span.bytes ?? Buffer.alloc(span.length, span.fill ?? 0).toString('hex'))
      .join('')
    expect(bytes).toBe(readElfBytes(IMAGE, 0x60d000, 0x400))
    const text = await kho(['hex', IMAGE, '0x60d000+0x400'])
    const rows = text.out.split('\n').flatMap(line => {
      const row = /^[0-9a-f]{16} {2}[0-9a-f]{16} {2}((?:[0-9a-f]{2} )+)/.exec(line)
      return row === null ? [] : [row[1]!.replaceAll(' ', '')]
    })
    expect(bytes.startsWith(rows.join(''))).toBe(true)
  })

  it('has a column of its own above 4 GiB', async () => {
    const made = machine(12, 2 ** 34)
    const page = made.builder.place(2 ** 33 + 4096, 1)
    page.bytes.set(Uint8Array.from({ length: 256 }, (_, n) => n))
    const file = join(folder, 'high.elf')
    writeFileSync(file, made.image())
    const ran = await kho(['hex', file, '0x200001000'])
    expect(ran.out).toMatch(
      /^0000000200001080 {2}[0-9a-f]{16} {2}80 81 82 83 84 85 86 87 88 89 8a 8b 8c 8d 8e 8f /m,
    )
    expect(ran.out).toMatch(/3840 bytes, all 00 +\(not decoded\)/)
  })

  it('says that bytes are absent', async () => {
    const ran = await kho(['hex', IMAGE, 'memblock/khotrace'])
    expect(ran.out).toContain('2097152 bytes are not in the dump (outside)')
    expect(ran.out).not.toContain('00 00')
  })

  it.each([
    ['luo/sessions', 'luo/sessions (list of sessions) has no bytes of its own'],
    ['0x60d000+0', 'it is zero'],
    ['0x', "'0x' is no address"],
    ['0xfffffffffffff+4K', 'ends behind 2^52'],
  ])('refuses %s', async (target, message) => {
    const ran = await kho(['hex', IMAGE, target])
    expect(ran.err).toContain(message)
    expect(ran).toMatchObject({ code: 2, out: '' })
  })

  it('says of a part that is not there what there is', async () => {
    const ran = await kho(['hex', IMAGE, 'luo/x'])
    expect(ran).toMatchObject({ code: 4, out: '', err: expect.stringContaining('there is no x in luo\n') })
  })

  it('takes a range as kho pages --ranges prints it', async () => {
    const ran = await kho(['hex', IMAGE, '0x60d000-0x60d100'])
    expect(ran.out.replace(/^.*\n/, '')).toBe(
      (await kho(['hex', IMAGE, '0x60d000+256'])).out.replace(/^.*\n/, ''),
    )
  })

  it('shows hostile names escaped', async () => {
    const file = join(folder, 'hostile.elf')
    writeFileSync(file, hostileImage())
    for (const path of [
      'luo/sessions/#0',
      'luo/sessions/#1',
      'luo/sessions/#2',
      'luo/sessions/#6',
      'luo/blocks/#0',
    ]) {
      const ran = await kho(['hex', file, path])
      expect(ran.code).toBe(0)
      expect(ran.out).toMatch(/^[\n\u0020-\u007e\u00a1-\u00ff]*$/)
    }
    expect((await kho(['hex', file, 'luo/sessions/#1'])).out).toContain('name = "two\\nlines\\r"')
  })

  it('writes spans in JSON as all other JSON is written', async () => {
    const file = join(folder, 'spans.elf')
    writeFileSync(file, hostileImage())
    const kinds = new Set<string>()
    for (const args of [
      [file, 'luo/sessions/#1'],
      [file, 'luo/blocks/#0'],
      [IMAGE, '0x60d000+0x24000'],
      [IMAGE, 'tracker/nodes/0x63e000'],
      [IMAGE, 'memblock/khotrace'],
    ]) {
      const { out } = await kho(['hex', ...args, '--json'])
      const document = JSON.parse(out) as { spans: { kind: string }[] }
      let anew = ''
      writeJson(chunk => {
        anew += chunk
      }, document)
      expect(out).toBe(anew)
      for (const { kind } of document.spans) kinds.add(kind)
    }
    expect([...kinds].sort()).toEqual(['absent', 'field', 'fill', 'gap', 'heading', 'note'])
  })

  it('writes fields that are longer than what is written at a time', async () => {
    const text = Array.from({ length: 30_000 }, (_, n) => `text ${n}`).join(' ')
    const writer = createFdtWriter(2 ** 20)
    writer.beginNode('')
    writer.property('long', stringBytes(text))
    writer.endNode()
    const blob = writer.finish()
    const made = machine()
    const { address, bytes } = made.allocate(Math.ceil(blob.length / 4096))
    bytes.set(blob)
    made.addBlob({ name: 'drv', address, size: blob.length })
    const file = join(folder, 'long.elf')
    writeFileSync(file, made.image())
    const { out } = await kho(['hex', file, 'blobs/drv'])
    const lines = out.split('\n')
    const first = lines.findIndex(line => line.endsWith(` long = ${JSON.stringify(text)}`))
    const length = Math.ceil((text.length + 1) / 4) * 4
    const digits = lines.slice(first, first + Math.ceil(length / 16)).map(line => line.slice(36, 36 + 48))
    const value = Buffer.alloc(length)
    value.write(text)
    expect(digits.join('').replaceAll(' ', '')).toBe(value.toString('hex'))
    const { spans } = JSON.parse((await kho(['hex', file, 'blobs/drv', '--json'])).out)
    const [span] = spans.filter(({ name }: { name: string }) => name === 'long')
    expect(span).toMatchObject({ value: JSON.stringify(text), bytes: value.toString('hex') })
  })
})

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { cName, type Field, type Struct } from '../../../formats/layout/index.js'
import { imhexPatterns } from '../../../src/reference/imhex.js'
import { kaitaiDescription } from '../../../src/reference/kaitai.js'
import { formatsPage } from '../../../src/reference/page.js'
import { partsOf, RECORDS } from '../../../src/reference/records.js'
import { ROOT } from '../../built.js'

type Decoded = Record<string, unknown>
type Reader = new (stream: unknown, parent: null, root: null) => Decoded

const require = createRequire(import.meta.url)
let readers: Readonly<Record<string, Reader>> = {}
let streamOf: (bytes: Uint8Array) => unknown

/** What Kaitai's own compiler makes of the description. */
beforeAll(async () => {
  const compiler = require('kaitai-struct-compiler')
  const { 'Kho.js': source } = await compiler.compile(
    'javascript',
    parse(kaitaiDescription(RECORDS)),
    null,
    false,
  )
  const KaitaiStream = require('kaitai-struct/KaitaiStream')
  const made: Record<string, Record<string, Reader>> = {}
  new Function('exports', 'require', 'module', 'define', source)(made, require, { exports: made }, undefined)
  readers =
    (made.Kho as unknown as Record<string, Record<string, Reader>>).Kho ??
    (made.Kho as Record<string, Reader>)
  streamOf = bytes => new KaitaiStream(bytes.buffer, bytes.byteOffset)
})

const camel = (id: string) => id.replace(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
const lower = (name: string) => camel(cName(name)).replace(/^./, letter => letter.toLowerCase())

/** Values as Kaitai gives them: every u64 a number, which holds what is below 2^53. */
function values({ fields }: Struct, value: object): Decoded {
  const all: Decoded = {}
  for (const field of fields) {
    const own: unknown = Reflect.get(value, field.name)
    if (field.bits === undefined)
      all[lower(field.name)] = typeof field.type === 'object' ? values(field.type, own as object) : plain(own)
    else
      for (const { name, shift, width } of field.bits)
        all[lower(name)] = Number(BigInt.asUintN(width, (own as bigint) >> BigInt(shift)))
  }
  return all
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  return value instanceof Uint8Array ? [...value] : value
}

function decodedOf({ fields }: Struct, decoded: Decoded): Decoded {
  const all: Decoded = {}
  for (const field of fields) {
    const names = field.bits?.map(({ name }) => lower(name)) ?? [lower(field.name)]
    for (const name of names) {
      const own = decoded[name]
      all[name] = typeof field.type === 'object' ? decodedOf(field.type, own as Decoded) : plain(own)
    }
  }
  return all
}

function arbitraryOf({ fields }: Struct): fc.Arbitrary<object> {
  return fc.record(Object.fromEntries(fields.map(field => [field.name, fieldValue(field)])))
}

function fieldValue({ type, size }: Field): fc.Arbitrary<unknown> {
  if (typeof type === 'object') return arbitraryOf(type)
  if (type === 'u64') return fc.bigInt({ min: 0n, max: 2n ** 53n - 1n })
  if (type === 'addr') return fc.nat({ max: 2 ** 52 - 1 })
  if (type === 'chars')
    return fc.string({
      unit: fc.integer({ min: 1, max: 127 }).map(n => String.fromCharCode(n)),
      maxLength: size,
    })
  if (type === 'bytes') return fc.uint8Array({ minLength: size, maxLength: size })
  return fc.nat({ max: 2 ** (8 * size) - 1 })
}

describe('the Kaitai description', () => {
  it.each(RECORDS)('reads $id as we do', ({ id, struct }) => {
    fc.assert(
      fc.property(arbitraryOf(struct), value => {
        const bytes = struct.encode(value)
        const decoded = new (readers[camel(id)] as Reader)(streamOf(bytes), null, null)
        expect(decodedOf(struct, decoded)).toEqual(values(struct, struct.read(bytes)))
      }),
      { numRuns: 25 },
    )
  })
})

describe('the reference', () => {
  it('has a name of its own for every structure, and all of its bytes', () => {
    expect(new Set(RECORDS.map(({ id }) => id)).size).toBe(RECORDS.length)
    for (const { struct } of RECORDS) {
      const bytes = [...partsOf(struct)].reduce<number>(
        (sum, part) => sum + (typeof part === 'number' ? part : part.size),
        0,
      )
      expect(bytes).toBe(struct.size)
    }
  })

  it('names what a pattern of ImHex is made of before it', () => {
    const text = imhexPatterns(RECORDS)
    for (const { id, struct } of RECORDS) {
      expect(text).toContain(`struct ${id} {`)
      for (const { type } of struct.fields) {
        const inner = RECORDS.find(record => record.struct === type)
        if (inner !== undefined)
          expect(text.indexOf(`struct ${inner.id} {`)).toBeLessThan(text.indexOf(`struct ${id} {`))
      }
    }
  })

  it.each([
    ['docs/formats.md', formatsPage(RECORDS)],
    ['docs/formats/kho.ksy', kaitaiDescription(RECORDS)],
    ['docs/formats/kho.hexpat', imhexPatterns(RECORDS)],
  ])('%s is what npm run docs makes', (file, text) => {
    expect(readFileSync(join(ROOT, file), 'utf8')).toBe(text)
  })
})

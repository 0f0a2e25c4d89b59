import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type JsonValue, jsonLine, WrittenList, writeJson } from '../../../src/render/json.js'

function written(value: JsonValue): string {
  let text = ''
  writeJson(chunk => {
    text += chunk
  }, value)
  return text
}

describe('writeJson', () => {
  it('puts the elements of outer lists on lines of their own', () => {
    const document = {
      schema: 'kho/x/1',
      list: [
        { a: 1, inner: [1, 2] },
        { a: 2, inner: [] },
      ],
      none: [],
    }
    expect(written(document)).toBe(
      '{\n"schema":"kho/x/1",\n"list":[\n{"a":1,"inner":[1,2]},\n{"a":2,"inner":[]}\n],\n"none":[]\n}\n',
    )
  })

  it('reads back as what went in', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const plain = JSON.parse(JSON.stringify(value)) as JsonValue
        expect(JSON.parse(written(plain))).toEqual(plain)
        expect(JSON.parse(jsonLine(plain))).toEqual(plain)
        expect(jsonLine(plain)).not.toContain('\n')
      }),
    )
  })

  it('writes a lazy list as it is made', () => {
    const chunks: string[] = []
    let made = 0
    function* list() {
      for (; made < 3; made++) yield { made }
    }
    writeJson(
      chunk => {
        if (String(chunk).includes('made')) chunks.push(`${made}${chunk}`)
      },
      { list: list() },
    )
    expect(chunks).toEqual(['0{"made":0}', '1{"made":1}', '2{"made":2}'])
  })

  it('writes a list that is written already as the list that it is', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.jsonValue(), { maxLength: 3 }), { maxLength: 4 }), batches => {
        const plain = JSON.parse(JSON.stringify(batches)) as JsonValue[][]
        const list = new WrittenList(plain.map(values => values.map(jsonLine)))
        expect([...list]).toEqual(plain.flat())
        for (const nest of [(value: JsonValue) => ({ list: value }), (value: JsonValue) => [[[[value]]]]]) {
          expect(written(nest(list))).toBe(written(nest(plain.flat())))
        }
      }),
    )
  })

  it('leaves out what is undefined, and refuses what JSON cannot say', () => {
    expect(jsonLine({ a: undefined, b: null })).toBe('{"b":null}')
    expect(() => jsonLine({ a: Number.NaN })).toThrow('NaN has no JSON form')
  })
})

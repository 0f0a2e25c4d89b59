import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeText, jsonString, quoteText } from '../../../src/render/escape.js'

const HARMLESS = /^[^\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]*$/

describe('escapeText', () => {
  it.each([
    ['plain text, äöü 漢字', 'plain text, äöü 漢字'],
    ['\u001b[31mred', '\\x1b[31mred'],
    ['two\nlines\r\t', 'two\\nlines\\r\\t'],
    ['nul\0del\u007f', 'nul\\x00del\\x7f'],
    ['csi\u009b2J', 'csi\\x9b2J'],
    ['bidi\u202eevil\u2066', 'bidi\\u202eevil\\u2066'],
    ['half \ud83d a pair', 'half \\ud83d a pair'],
    ['whole 😀', 'whole 😀'],
  ])('%j', (text, escaped) => {
    expect(escapeText(text)).toBe(escaped)
  })

  it('leaves nothing that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(escapeText(text)).toMatch(HARMLESS)
        // Half a surrogate pair would be replaced on the way through UTF-8.
        expect(Buffer.from(escapeText(text)).toString()).toBe(escapeText(text))
      }),
    )
  })
})

describe('quoteText', () => {
  it('cannot be closed from within', () => {
    expect(quoteText('a"b\\c\n')).toBe('"a\\"b\\\\c\\n"')
  })
})

describe('jsonString', () => {
  it('is the same text for a parser, and harmless on a terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(JSON.parse(jsonString(text))).toBe(text)
        expect(jsonString(text)).toMatch(HARMLESS)
      }),
    )
  })
})

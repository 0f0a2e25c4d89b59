import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseFdStore } from '../../../formats/blobs/index.js'

const mapping = (fdstore: unknown) => JSON.stringify({ version: 1, units: { 'a.service': { fdstore } } })

describe('the mapping that systemd hands to itself', () => {
  it('names files by token and sessions by name', () => {
    const store = parseFdStore(
      mapping([
        { type: 'fd', name: 'wal', token: 3 },
        { type: 'luo_session', name: 'vm', sessionName: 'vm-a' },
      ]),
    )
    expect(store).toEqual({
      version: 1,
      odd: 0,
      entries: [
        { unit: 'a.service', name: 'wal', token: 3n, session: null },
        { unit: 'a.service', name: 'vm', token: null, session: 'vm-a' },
      ],
    })
  })

  it('reads tokens of 64 bits exactly, and leaves alone what looks like one in a string', () => {
    const text = String.raw`{"units":{"a":{"fdstore":[
      {"type":"fd","name":"\"token\": 18446744073709551615,","token":18446744073709551614},
      {"type":"fd","name":"12345678901234567890","token": 9007199254740993}]}}}`
    expect(parseFdStore(text)?.entries.map(({ name, token }) => [name, token])).toEqual([
      ['"token": 18446744073709551615,', 18446744073709551614n],
      ['12345678901234567890', 9007199254740993n],
    ])
  })

  it.each([
    [[{ type: 'fd', name: 'x' }]],
    [[{ type: 'fd', name: 'x', token: -1 }]],
    [[{ type: 'fd', name: 'x', token: 1.5 }]],
    [[{ type: 'fd', name: 'x', token: 1e300 }]],
    [[{ type: 'luo_session', name: 'x', sessionName: 7 }]],
    [[{ type: 'socket', name: 'x', token: 1 }]],
    [['text']],
    [[null]],
    [[[]]],
  ])('counts %j as odd', fdstore => {
    expect(parseFdStore(mapping(fdstore))).toEqual({ version: 1, entries: [], odd: 1 })
  })

  it.each([
    '',
    'null',
    '7',
    '[]',
    '{}',
    '{"units":[]}',
    '{"units":7}',
    '{"units":{',
    '"'.repeat(1 << 20),
    '\\"'.repeat(1 << 19),
    '['.repeat(1 << 20),
    '{"units":'.repeat(1 << 16),
    '1'.repeat(1 << 20),
  ])('is none in %.20s…', text => {
    expect(parseFdStore(text)).toBeNull()
  })

  it.each<[unknown, bigint | null]>([
    [0, 0n],
    [2 ** 53 - 1, 2n ** 53n - 1n],
    ['7', 7n],
    ['18446744073709551615', 2n ** 64n - 1n],
    ['123456789012345678901', null],
    ['x7', null],
    ['7x', null],
    ['', null],
    [2 ** 53, 2n ** 53n],
    [true, null],
  ])('takes %j for the token %s', (token, value) => {
    const store = parseFdStore(mapping([{ type: 'fd', name: 7, token }]))
    expect(store?.entries).toEqual(
      value === null ? [] : [{ unit: 'a.service', name: '', token: value, session: null }],
    )
  })

  it.each([
    [0, 0],
    [3, 3],
    [-1, null],
    [1.5, null],
    ['1', null],
    [undefined, null],
  ])('takes %j for version %s', (version, value) => {
    expect(parseFdStore(JSON.stringify({ version, units: {} }))).toEqual({
      version: value,
      entries: [],
      odd: 0,
    })
  })

  it('takes no file for a session because it names one, nor a session for a file because it has a token', () => {
    const store = parseFdStore(
      mapping([
        { type: 'fd', token: 1, sessionName: 's' },
        { type: 'luo_session', token: 1, sessionName: 's' },
        { type: 'luo_session', token: 1 },
      ]),
    )
    expect(store?.entries.map(({ token, session }) => [token, session])).toEqual([
      [1n, null],
      [null, 's'],
    ])
    expect(store?.odd).toBe(1)
  })

  it('is not confused by names of objects that every object has', () => {
    const text = '{"units":{"__proto__":{"fdstore":[{"type":"fd","name":"constructor","token":1}]},"b":null}}'
    expect(parseFdStore(text)?.entries).toEqual([
      { unit: '__proto__', name: 'constructor', token: 1n, session: null },
    ])
  })

  it('takes a bounded number of entries', () => {
    const many = Array.from({ length: 70_000 }, (_, token) => ({ type: 'fd', name: '', token }))
    expect(parseFdStore(mapping(many))?.entries).toHaveLength(65_536)
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), text => {
        parseFdStore(text)
        parseFdStore(`{"units":${text}}`)
        parseFdStore(`{"units":{"a":{"fdstore":[${text}]}}}`)
      }),
    )
  })
})

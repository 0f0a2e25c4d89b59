import { describe, expect, it } from 'vitest'
import { parseLayout } from '../../../src/layouts/layout-file.js'

const GOOD = `
handlers:
  mine-v1: mine_ser
structs:
  mine_ser:
    fields:
      tag: {at: 0, type: "chars[4]"}
      when: {at: 8, type: s64, doc: a time}
      list: {at: 16, type: kho_vmalloc, to: {vmalloc: item, count: items}}
      items: {at: 32, type: u32}
  item:
    size: 16
    fields:
      word: {at: 0, type: u64, bits: {pfn: [0, 52]}, to: {folio: pfn}}
`

describe('parseLayout', () => {
  it('reads structures, what they lead to, and who hands them over', () => {
    const { description, structs } = parseLayout(GOOD)
    expect(description.handlers).toEqual({ 'mine-v1': ['mine_ser'] })
    expect(description.posted).toBeNull()
    expect(structs.get('mine_ser')!.struct.size).toBe(36)
    expect(structs.get('mine_ser')!.links.map(({ key, to }) => [key, to.kind])).toEqual([['list', 'vmalloc']])
    expect(structs.get('item')!.struct.size).toBe(16)
  })

  it.each([
    ['structs: [', /no YAML/],
    ['{}', /structs: /],
    ['structs: {a: {fields: {x: {at: 0, type: u8}}}}', /who hands it over/],
    ['handlers: {h: a}\nstructs: {a: {fields: {x: {at: 0, type: u65}}}}', /no structure "u65"/],
    ['handlers: {h: a}\nstructs: {a: {fields: {x: {at: 0, type: "u8[3]"}}}}', /expected u8 to u64/],
    ['handlers: {h: a}\nstructs: {a: {fields: {x: {at: 0, type: a}}}}', /contains itself/],
    [
      'handlers: {h: a}\nstructs: {a: {fields: {x: {at: 0, type: u64}, y: {at: 4, type: u8}}}}',
      /field y at 4 has no room/,
    ],
    [
      'handlers: {h: a}\nstructs: {a: {size: 4, fields: {x: {at: 0, type: u64}}}}',
      /field x at 0 has no room/,
    ],
    [
      'handlers: {h: a}\nstructs: {a: {fields: {x: {at: 0, type: u32, to: {struct: a}}}}}',
      /must be addr to lead to struct/,
    ],
    [
      'handlers: {h: a}\nstructs: {a: {fields: {x: {at: 0, type: addr, to: {struct: b}}}}}',
      /no structure "b"/,
    ],
    ['handlers: {h: a}\nstructs: {a: {fields: {x: {at: 0, type: u64, to: {folio: pfn}}}}}', /no bits "pfn"/],
    [
      'handlers: {h: a}\nstructs: {a: {fields: {x: {at: 0, type: kho_vmalloc, to: {vmalloc: a, count: n}}}}}',
      /no number "n"/,
    ],
    ['handlers: {h: b}\nstructs: {a: {size: 8, fields: {}}}', /no structure "b"/],
    ['handlers: {h: a}\nstructs: {a: {fields: {x: {at: 0, type: u8, colour: red}}}}', /colour/],
    ['structs: &s {a: {fields: {x: *t}}}', /t/],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => parseLayout(text, 'mine.yaml')).toThrow(message)
    expect(() => parseLayout(text, 'mine.yaml')).toThrow(/^mine\.yaml/)
  })
})

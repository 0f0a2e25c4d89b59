import { describe, expect, it } from 'vitest'
import { anyCase, didYouMean } from '../../../formats/layout/nearest.js'

describe('a name in another case', () => {
  it.each([
    ['LUO', ['luo', 'LUO'], 'LUO'],
    ['Luo', ['memblock', 'luo'], 'luo'],
    ['Luo', ['luo', 'LUO'], null],
    ['luo', [], null],
    ['lu', ['luo'], null],
  ])('%s of %j is %s', (text, names, name) => expect(anyCase(text, names)).toBe(name))
})

describe('what may have been meant', () => {
  it.each<[string, string[], string | undefined]>([
    ['validate', ['validate'], 'validate'],
    ['VALIDATE', ['validate'], 'validate'],
    // One letter more, less, another, or two the other way round; a short word may be wrong in one of them, not in two.
    ['dupm', ['dump'], 'dump'],
    ['dumpp', ['dump'], 'dump'],
    ['dmp', ['dump'], 'dump'],
    ['dunp', ['dump'], 'dump'],
    ['dnup', ['dump'], undefined],
    ['xump', ['dump'], 'dump'],
    ['udpm', ['dump'], undefined],
    // Of eight letters two may be wrong, of seven one.
    ['vaildaet', ['validate'], 'validate'],
    ['vxlidxte', ['validate'], 'validate'],
    ['vxlixxte', ['validate'], undefined],
    ['vxlidxt', ['validate'], undefined],
    // A beginning, or a part; one or two letters begin too many names.
    ['val', ['validate'], 'validate'],
    ['va', ['validate'], undefined],
    ['date', ['validate'], 'validate'],
    ['at', ['stat', 'validate'], undefined],
    ['ate', ['validate'], 'validate'],
    ['zzz', ['validate', 'dump'], undefined],
    ['', ['validate'], undefined],
    ['', ['v'], 'v'],
    // What is nearest comes first, then beginnings, then parts; of the same in the order of the names; three at most.
    ['page', ['subpage', 'pagesize', 'pages', 'page'], 'page, pages or pagesize'],
    ['page', ['subpage', 'pagesize'], 'pagesize or subpage'],
    ['page', ['subpage', 'pagesize', 'mypages'], 'pagesize, subpage or mypages'],
    ['stat', ['slat', 'star', 'scat', 'spat'], 'slat, star or scat'],
    ['abcd', ['abdc', 'abcd'], 'abcd or abdc'],
  ])('by %j of %j is %s', (text, names, meant) => {
    expect(didYouMean(text, names)).toBe(meant === undefined ? undefined : `did you mean ${meant}?`)
  })
})

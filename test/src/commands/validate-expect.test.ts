import { describe, expect, it } from 'vitest'
import { fixture, kho } from '../cli/kho.js'

const image = fixture('basic-1g.s2-early')

describe('kho validate --expect', () => {
  it('passes an outcome that is expected, and no other', async () => {
    expect((await kho(['validate', image])).code).toBe(0)
    expect((await kho(['validate', image, '--expect', 'rejected'])).code).toBe(1)
    expect((await kho(['validate', image, '--expect', 'rejected', '--expect', 'ok'])).code).toBe(0)
    expect((await kho(['validate', image, '--expect', 'fine'])).code).toBe(2)
  })

  it('does not change with RAM that ends where addresses do', async () => {
    const ran = await kho(['validate', image, '--ram', '0x0-0x10000000000000'])
    expect(ran).toMatchObject({ code: 0, out: expect.stringMatching(/^outcome: ok /) })
  })

  it('is what the first line of KTAP says', async () => {
    const passed = await kho(['validate', image, '--as', 'ktap'])
    expect(passed.out).toMatch(/^ok 1 outcome ok /m)
    expect(passed.out).toMatch(/^ok 2 .* # SKIP$/m)
    const refused = await kho(['validate', image, '--reader', '7.0', '--as', 'ktap'])
    expect(refused.out).toMatch(/^not ok 1 outcome rejected /m)
  })
})

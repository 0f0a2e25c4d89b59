import { describe, expect, it } from 'vitest'
import { bundleLibrary } from '../../library-bundle.js'

describe('kho-tools, bundled for a browser', () => {
  it('needs nothing of Node, and none of the packages that make code at run time', async () => {
    const { code, imports, packages } = await bundleLibrary('esm')
    expect(imports).toEqual([])
    expect(code).toContain('openBytes')
    // binary-parser makes code from text, which a content security policy may forbid.
    expect(packages).toEqual(['@noble/hashes', 'fflate', 'yaml', 'zod'])
    for (const word of [/\bBuffer\.(from|alloc)/, /\bprocess\.(env|argv|version)/]) {
      expect(word.exec(code)?.[0] ?? null, String(word)).toBeNull()
    }
  })
})

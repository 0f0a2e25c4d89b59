import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ABIS,
  abiOf,
  encoderOf,
  findKernel,
  KERNELS,
  type Kernel,
  kernelNamed,
  READING_KERNELS,
  RELEASES,
  trackerOptions,
  WRITING_KERNELS,
} from '../../../formats/kernels/index.js'
import { compareVersions, versionOf } from '../../../formats/kernels/version.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { readSources } from '../../arrows.js'
import { ROOT } from '../../built.js'

describe('the table of kernels', () => {
  it('has every name once, and each finds its own row', () => {
    expect(new Set(KERNELS.map(({ name }) => name)).size).toBe(KERNELS.length)
    for (const kernel of KERNELS) expect(findKernel(kernel.name)).toBe(kernel)
  })

  it('has the releases in order, the newest last', () => {
    const versions = RELEASES.map(({ name }) => versionOf(name)!)
    const sorted = [...versions].sort(compareVersions)
    expect(versions).toEqual(sorted)
    // A candidate's row becomes that of its release: none is older than one.
    const first = versions.findIndex(({ candidate }) => candidate)
    if (first >= 0) expect(versions.slice(first).every(({ candidate }) => candidate)).toBe(true)
  })

  it('finds every release by what its kernel calls itself', () => {
    for (const { name, uname } of RELEASES) expect([name, findKernel(uname)?.name]).toEqual([name, name])
  })

  it('says one thing of a layout, whichever kernel writes it', () => {
    for (const { layout } of KERNELS) expect(layout).toEqual(abiOf(layout.name))
  })

  it.each(KERNELS.map(kernel => [kernel.name, kernel] as const))(
    '%s is of one piece',
    (_, kernel: Kernel) => {
      const { layout, users, writes, boot, posting, changes } = kernel
      expect(layout.bitmap !== null).toBe(layout.tracker === 'chunk-list')
      expect(layout.depth !== null).toBe(layout.tracker === 'radix-tree')
      expect(users.memblock === 'blob').toBe(layout.blobProperty !== null)
      // Only LUO hands memfds over.
      expect(users.memfd !== null).toBe(users.luo !== null)
      if (posting !== null) expect(boot).toBeNull()
      if (writes !== null) {
        expect(encoderOf(layout.name)).not.toBeNull()
        expect(writes.root === 'segment').toBe(!layout.fdtPreserved)
        expect(layout.mapZeroUntilFinalize && !writes.finalize).toBe(false)
      }
      if (boot !== null && writes !== null) expect(boot.finalize !== null).toBe(writes.finalize)
      for (const { what, commit } of changes) {
        expect(what.length).toBeGreaterThan(10)
        expect(commit).toMatch(/^[0-9a-f]{12}$/)
      }
    },
  )

  it('gives every layout a kernel, every kernel a place, and every writer a reader of its own', () => {
    expect(new Set(ABIS.map(({ name }) => name)).size).toBe(ABIS.length)
    for (const { name } of ABIS) expect(kernelNamed(name).layout.name).toBe(name)
    for (const kernel of RELEASES) {
      expect(READING_KERNELS).toContain(kernel)
      expect(WRITING_KERNELS).toContain(kernel)
    }
  })

  it('is asked with any text', () => {
    fc.assert(
      fc.property(fc.nat(9), fc.nat(30), fc.nat(30), fc.string(), (major, minor, patch, rest) => {
        const release = `${major}.${minor}.${patch}`
        const found = findKernel(`${release}+${rest}`)
        const wanted = versionOf(release)!
        // Between the last release of one major number and the first of the next there is nothing.
        if (compareVersions(wanted, versionOf(RELEASES.at(-1)!.name)!) > 0) expect(found).not.toBeNull()
        if (compareVersions(wanted, versionOf(RELEASES[0]!.name)!) < 0) expect(found).toBeNull()
        if (found === null) return
        const row = versionOf(found.name)!
        expect(compareVersions(row, wanted)).toBeLessThanOrEqual(0)
        if (found.assumption === null) expect([row.major, row.minor]).toEqual([major, minor])
        else expect(found.name).toBe(RELEASES.at(-1)!.name)
      }),
    )
  })

  it.each(ABIS.map(({ name }) => name))('tells the codec of %s what it must know', name => {
    const { bitmap } = abiOf(name)
    for (const [pageShift, pageSize] of [
      [12, 4096],
      [14, 16384],
      [16, 65536],
    ] as const) {
      const options = trackerOptions(name, geometry(pageShift))
      expect(options.bitmapBytes).toBe(bitmap === null ? undefined : bitmap === 'page' ? pageSize : 512)
    }
  })
})

describe('outside of the table', () => {
  // `array` and `ranges` are also words for other things.
  const names = [...KERNELS.map(({ name }) => name), ...ABIS.map(({ name }) => name)].filter(
    name => !['array', 'ranges'].includes(name),
  )
  const quoted = names.map(name => name.replace(/[.]/g, '\\.')).join('|')

  it('no kernel or layout is told by its name', () => {
    const compared = new RegExp(`(?:[=!]==?|case|startsWith\\(|includes\\()\\s*['"](?:${quoted})['"]`)
    expect(linesWith(['formats', 'src'], compared)).toEqual([])
  })

  it('rules name no range of releases in words: those go stale', () => {
    const range = /\b[67]\.[0-9]+(?:\.[0-9]+)?(?: to | until |, )[67]\.[0-9]+/
    expect(linesWith(['src'], range).filter(line => line.startsWith('src/rules/'))).toEqual([])
  })

  function linesWith(folders: readonly string[], pattern: RegExp): string[] {
    const found: string[] = []
    for (const [file, text] of readSources(ROOT, folders)) {
      if (file.startsWith('formats/kernels/')) continue
      text.split('\n').forEach((line, n) => {
        if (pattern.test(line)) found.push(`${file}:${n + 1} ${line.trim()}`)
      })
    }
    return found
  }
})

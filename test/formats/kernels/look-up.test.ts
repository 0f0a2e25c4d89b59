import { describe, expect, it } from 'vitest'
import {
  ABIS,
  defaultReader,
  findKernel,
  kernelNamed,
  kernelOf,
  RELEASES,
  readingKernel,
  writingKernel,
} from '../../../formats/kernels/index.js'

describe('findKernel', () => {
  it.each([
    ['7.2', '7.2', '7.2'],
    ['7.2.13', '7.2', '7.2.13'],
    ['v7.2.13', '7.2', '7.2.13'],
    ['6.17.8', '6.17', '6.17.8'],
    ['6.17.12', '6.17.9', '6.17.12'],
    ['7.3.4+deb13-amd64', '7.3.4', '7.3.4'],
    ['7.3.4-1~bpo13+1-amd64', '7.3.4', '7.3.4'],
    ['7.3.3-200.fc43.x86_64', '7.3', '7.3.3'],
    ['7.0.x-ubuntu', '7.0', '7.0'],
    ['7.0.0-14-generic', '7.0', '7.0.0'],
    ['7.4.0-rc1+', '7.4-rc', '7.4.0-rc1'],
    ['7.4-rc3', '7.4-rc', '7.4-rc3'],
    ['7.2.0-rc3', '7.2', '7.2.0-rc3'],
    ['v5', 'v5', 'v5'],
    ['v5-table', 'v5-table', 'v5-table'],
  ])('takes %s for %s', (text, name, release) => {
    expect(findKernel(text)).toMatchObject({ name, release, assumption: null })
  })

  it.each(['99.4', '99.4.0', '99.4.2', '99.5.0-rc1', '99.12.1-arch1'])(
    'judges %s as the newest, and says so',
    text => {
      const kernel = findKernel(text)!
      expect(kernel.name).toBe(RELEASES.at(-1)!.name)
      expect(text).toContain(kernel.release)
      expect(kernel.assumption).toBe(
        `${kernel.release} is newer than every kernel that is known: judged as ${kernel.name}`,
      )
    },
  )

  it.each(['6.15', '6.15.9', '5.10.0-amd64', '', 'kho', 'linux', 'v6', '6'])('knows no kernel %j', text => {
    expect(findKernel(text)).toBeNull()
    expect(() => kernelNamed(text)).toThrow(/had no KHO: 6\.16 is the first|is no release and no ABI/)
  })
})

describe('kernelOf', () => {
  it.each([
    ['kho-v4', '7.3.4'],
    ['kho-v3', '7.1'],
    ['kho-v1-page', '7.0'],
    ['kho-v1-512', '6.17'],
    ['mem4', 'v4'],
    ['v5-table', 'v5-table'],
  ] as const)('finds the newest writer of %s: %s', (abi, name) => {
    expect(kernelOf(abi).name).toBe(name)
    expect(kernelNamed(abi).name).toBe(name)
    expect(writingKernel(abi).name).toBe(name)
  })

  it('knows an alias', () => {
    expect(kernelNamed('page-table').name).toBe('v5-table')
  })

  it('has a writer for every layout', () => {
    for (const { name } of ABIS) expect(writingKernel(name).layout.name).toBe(name)
  })
})

describe('defaultReader', () => {
  it('is the release that wrote the state', () => {
    expect(defaultReader('kho-v4', '7.3.2-arch1')).toMatchObject({ name: '7.3', release: '7.3.2' })
  })

  it('is the newest that writes the layout where the release is not known, or writes another', () => {
    expect(defaultReader('kho-v4', null).name).toBe('7.3.4')
    expect(defaultReader('kho-v3', '7.2.13').name).toBe('7.1')
    expect(defaultReader('kho-v1-512', 'no release').name).toBe('6.17')
  })

  it('is the newest known for a newer one, with the assumption', () => {
    const newest = RELEASES.at(-1)!
    const reader = defaultReader(newest.layout.name, '99.1.1-arch1')
    expect(reader).toMatchObject({ name: newest.name, release: '99.1.1' })
    expect(reader.assumption).toContain(`judged as ${newest.name}`)
  })

  it('says so where another stands in for a posting', () => {
    const reader = defaultReader('array', null)
    expect(reader.name).toBe('7.0')
    expect(reader.assumption).toBe('what array makes of a hand-over is not modelled: judged as 7.0')
    expect(() => readingKernel('array')).toThrow(/what array makes of a hand-over is not modelled/)
  })
})

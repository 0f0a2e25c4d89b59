import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadState } from '../../../src/image/load-state.js'
import { openBytes } from '../../../src/node/open.js'
import { requirePage } from '../../built.js'
import { fixture, kho } from '../cli/kho.js'

const IMAGE = fixture('basic-1g.s2-in')
let folder = ''

beforeAll(() => {
  requirePage()
  folder = mkdtempSync(join(tmpdir(), 'kho-report-'))
})

afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true })
})

interface Carried {
  name: string
  options: unknown
  elf: Buffer
}

async function reportOf(...args: string[]): Promise<{ page: string; images: Carried[] }> {
  const file = join(folder, 'report.html')
  expect(await kho(['report', ...args, '-o', file])).toEqual({ code: 0, out: '', err: '' })
  const page = readFileSync(file, 'utf8')
  const elements = page.matchAll(
    /<script type="application\/gzip" id="image-[ab]" data-name="([^"]*)" data-state="([^"]*)">([^<]*)<\/script>/g,
  )
  const plain = (text: string) =>
    text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
  const images = [...elements].map(([, name, options, data]) => ({
    name: plain(name!),
    options: JSON.parse(plain(options!)) as unknown,
    elf: gunzipSync(Buffer.from(data!, 'base64')),
  }))
  return { page, images }
}

describe('kho report', () => {
  it('writes one file that loads nothing and lets nothing in', async () => {
    const { page } = await reportOf(IMAGE)
    const [head] = page.split('<style>')
    expect(head).toMatch(
      /http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-/,
    )
    expect(head).not.toContain('unsafe')
    // Outside of the script there is nothing that could name another file.
    const shell = page.replace(/<script>[\s\S]*<\/script>/, '')
    expect(shell).not.toMatch(/\b(?:src|href)=|url\(|@import|https?:/)
  })

  it('is below a megabyte without data', async () => {
    const { page, images } = await reportOf()
    expect(images).toEqual([])
    expect(Buffer.byteLength(page)).toBeLessThan(2 ** 20)
  })

  it('carries what slim keeps of an image', async () => {
    const { images } = await reportOf(IMAGE)
    expect(images).toMatchObject([{ name: 'linux-7.2.basic-1g.s2-in.elf', options: {} }])
    const file = join(folder, 'carried.elf')
    const slim = await kho(['slim', IMAGE, '-o', file])
    expect(slim.code).toBe(0)
    // The note says how it was made; everything else is the same.
    const carried = loadState(await openBytes(images[0]!.elf))
    const slimmed = loadState(await openBytes(readFileSync(file)))
    expect(carried.root.address).toBe(slimmed.root.address)
    expect(carried.tracker.decode.pages).toEqual(slimmed.tracker.decode.pages)
  })

  it('carries two images, each with its own options', async () => {
    const { images } = await reportOf(IMAGE, IMAGE, '--root', 'incoming', '--b-root', 'outgoing')
    expect(images.map(({ options }) => options)).toEqual([{ root: 'incoming' }, { root: 'outgoing' }])
  })

  it('carries what is assumed of memory that the dump lacks', async () => {
    const { images } = await reportOf(IMAGE, '--absent', 'zero', '--ram', '0-1G')
    expect(images.map(({ options }) => options)).toEqual([
      { ramEnd: 2 ** 30, assumeZero: { ram: [{ start: 0, end: 2 ** 30 }] } },
    ])
  })

  it('escapes the name of a file', async () => {
    const odd = join(folder, `"><script>alert(1)<!-- &.elf`)
    copyFileSync(IMAGE, odd)
    const { page, images } = await reportOf(odd)
    expect(images.map(({ name }) => name)).toEqual([`"><script>alert(1)<!-- &.elf`])
    expect(page).not.toContain('<script>alert')
  })

  it('redacts contents and the name of the file', async () => {
    const { images } = await reportOf(IMAGE, '--redact', '--hash')
    expect(images.map(({ name }) => name)).toEqual(['image A'])
    expect(images[0]!.elf.includes('vm-a')).toBe(false)
    const open = await reportOf(IMAGE)
    expect(open.images[0]!.elf.includes('vm-a')).toBe(true)
  })

  it('writes to standard output', async () => {
    const { code, out } = await kho(['report', IMAGE, '-o', '-'])
    expect(code).toBe(0)
    expect(out).toMatch(/^<!doctype html>/)
  })

  it('never writes over its input', async () => {
    const file = join(folder, 'input.elf')
    copyFileSync(IMAGE, file)
    const { size } = statSync(file)
    expect(await kho(['report', IMAGE, file, '-o', file])).toMatchObject({ code: 2 })
    expect(statSync(file).size).toBe(size)
  })

  it.each([
    [['report', IMAGE], 'no file to write to'],
    [['report', IMAGE, '-o', 'x.html', '--hash'], '--hash goes with --redact'],
    [['report', IMAGE, '-o', 'x.html', '--b-root', 'incoming'], '--b- options are about a second image'],
  ])('says what is wrong with %j', async (args, message) => {
    const ran = await kho(args)
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) })
  })

  it('carries nothing that is not there', async () => {
    const ran = await kho(['report', IMAGE, '-o', 'x.html', '--path', 'luo/none'])
    expect(ran).toMatchObject({ code: 4, out: '', err: expect.stringContaining('there is no none in luo') })
  })

  it('has no page for an image without a state', async () => {
    const file = join(folder, 'none.html')
    expect(await kho(['report', '/dev/null', '-o', file])).toMatchObject({ code: 3 })
    expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined()
  })
})

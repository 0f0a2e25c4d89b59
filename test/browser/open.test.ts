import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { fixture } from '../src/cli/kho.js'
import { describeInBrowser, idle, map, writePage } from './browser.js'

const IMAGE = fixture('basic-1g.s2-early')
const NAME = 'linux-7.2.basic-1g.s2-early.elf'

describeInBrowser('the page of kho report, opened from a file', bench => {
  it('shows the image that it carries', async () => {
    const file = join(bench.folder(), 'one.html')
    await writePage(file, IMAGE)
    const { page, problems } = await bench.open(file)
    await idle(page)
    expect(await page.title()).toContain(NAME)
    expect(await page.getByRole('button', { name: NAME }).textContent()).toContain('323 blocks')
    await page.getByRole('banner').getByRole('button', { name: 'ok' }).waitFor()
    expect(await map(page).isVisible()).toBe(true)
    expect(
      await page.getByRole('navigation', { name: 'State' }).getByRole('listitem').count(),
    ).toBeGreaterThan(3)
    expect(problems).toEqual([])
  })

  it('shows each state of an image that has more than one', async () => {
    const file = join(bench.folder(), 'roots.html')
    await writePage(file, fixture('chain-512m.s2-kexec'))
    const { page, problems } = await bench.open(file)
    await idle(page)
    const chooser = page.getByLabel('State of the dump')
    const names = await chooser.locator('option').allTextContents()
    expect(names.length).toBeGreaterThan(1)
    await page.getByRole('button', { name: /outgoing/ }).waitFor()
    await chooser.selectOption(names.find(name => name.startsWith('incoming'))!)
    await page.getByRole('button', { name: /incoming/ }).waitFor()
    await idle(page)
    expect(problems).toEqual([])
  })

  it('shows two images with what changed between them', async () => {
    const file = join(bench.folder(), 'two.html')
    await writePage(file, IMAGE, fixture('basic-1g.s2-in'))
    const { page, problems } = await bench.open(file)
    await idle(page)
    expect(await page.getByRole('button', { name: 'changes' }).getAttribute('aria-pressed')).toBe('true')
    expect(await page.getByRole('list', { name: 'Legend' }).textContent()).toContain('removed')
    const rows = page.getByRole('tabpanel').getByRole('row')
    await rows.filter({ hasText: 'removed: session of 2 files' }).first().waitFor()
    expect(problems).toEqual([])
  })

  it('opens files of a user when it carries none', async () => {
    const file = join(bench.folder(), 'empty.html')
    await writePage(file)
    const { page, problems } = await bench.open(file)
    await page.getByLabel('Open a dump').setInputFiles(IMAGE)
    await idle(page)
    expect(await page.getByRole('button', { name: NAME }).textContent()).toContain('kho-v4')
    await page.getByLabel('Compare with').setInputFiles(fixture('basic-1g.s2-in'))
    await page.getByRole('tab', { name: 'diff', selected: true }).waitFor()
    await idle(page)
    expect(problems).toEqual([])
  })

  it('takes a dropped file, compressed or not', async () => {
    const file = join(bench.folder(), 'drop.html')
    await writePage(file)
    const { page, problems } = await bench.open(file)
    const packed = gzipSync(readFileSync(IMAGE)).toString('base64')
    await page.evaluate(data => {
      const bytes = Uint8Array.from(atob(data), character => character.charCodeAt(0))
      const transfer = new DataTransfer()
      transfer.items.add(new File([bytes], 'vmcore.gz'))
      document.body.dispatchEvent(
        new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }),
      )
    }, packed)
    await idle(page)
    expect(await page.getByRole('button', { name: 'vmcore.gz' }).textContent()).toContain('323 blocks')
    expect(problems).toEqual([])
  })

  it('says what is wrong with a file that is no dump, and opens the next one', async () => {
    const file = join(bench.folder(), 'wrong.html')
    await writePage(file)
    const { page, problems } = await bench.open(file)
    const text = join(bench.folder(), 'notes.txt')
    writeFileSync(text, 'no dump '.repeat(4000))
    await page.getByLabel('Open a dump').setInputFiles(text)
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toContain('no KHO state')
    await page.getByLabel('Open a dump').setInputFiles(IMAGE)
    await idle(page)
    expect(await page.getByRole('alert').count()).toBe(0)
    expect(problems).toEqual([])
  })
})

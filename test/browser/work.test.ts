import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { ROOT } from '../built.js'
import { fixture, kho } from '../src/cli/kho.js'
import { describeInBrowser, idle, map, textOf, writePage } from './browser.js'

const IMAGE = fixture('basic-1g.s2-early')

/** What of memory the map shows, as its head says it. */
function range(page: Page): Promise<string> {
  return textOf(page.locator('.bar .range'))
}

async function search(page: Page, text: string): Promise<string> {
  const field = page.getByLabel('Find an address, a path or a name')
  await field.fill(text)
  await field.press('Enter')
  await idle(page)
  await page.getByRole('tab', { name: 'hex', selected: true }).waitFor()
  return textOf(page.getByRole('tabpanel'))
}

/** The colour of the last cell of the first row. */
function pixel(page: Page): Promise<number[]> {
  return map(page).evaluate((canvas: HTMLCanvasElement) => {
    const context = canvas.getContext('2d')!
    return [...context.getImageData(canvas.width - 5, 5, 1, 1).data]
  })
}

describeInBrowser('the page at work', bench => {
  it('zooms with buttons, wheel, keys and a double click, down to pages, and says what is where', async () => {
    const file = join(bench.folder(), 'map.html')
    await writePage(file, IMAGE)
    const { page, problems } = await bench.open(file)
    await idle(page)
    const whole = await range(page)
    const changes = async (act: () => Promise<void>) => {
      const before = await range(page)
      await act()
      await page.waitForFunction(text => document.querySelector('.bar .range')?.textContent !== text, before)
    }
    await changes(() => page.getByTitle('Zoom in (+)').click())
    await changes(() => page.getByTitle('Zoom out (-)').click())
    expect(await range(page)).toBe(whole)
    await changes(() => map(page).dblclick({ position: { x: 40, y: 8 } }))
    await changes(() => page.mouse.wheel(0, -200))
    for (const key of ['+', '-', '+', 'ArrowDown', 'ArrowUp', 'ArrowRight', 'ArrowLeft']) {
      await changes(() => map(page).press(key))
    }
    for (let n = 0; n < 24; n++) await map(page).press('+')
    expect(await range(page)).toContain('2 MiB')
    await changes(() => map(page).press('0'))
    expect(await range(page)).toBe(whole)
    await map(page).hover({ position: { x: 40, y: 8 } })
    expect(await textOf(page.locator('.tip'))).toMatch(/^0x[0-9a-f]+/)
    await map(page).click({ position: { x: 40, y: 8 } })
    await page.getByRole('tab', { name: 'hex', selected: true }).waitFor()
    expect(problems).toEqual([])
  })

  it('finds addresses, paths and sessions', async () => {
    const file = join(bench.folder(), 'find.html')
    await writePage(file, IMAGE)
    const { page, problems } = await bench.open(file)
    await idle(page)
    expect(await search(page, '0x60d000')).toContain('fdt')
    expect(await search(page, 'luo/sessions/vm-b')).toContain('vm-b')
    expect(await search(page, 'vm-a')).toContain('luo/sessions/vm-a')
    const field = page.getByLabel('Find an address, a path or a name')
    await field.fill('luo/sessions/vm-c')
    await field.press('Enter')
    expect(await textOf(page.getByRole('alert'))).toContain('vm-a, vm-b')
    expect(problems).toEqual([])
  })

  it('explains findings, and leads from them to map and bytes', async () => {
    const broken = join(bench.folder(), 'broken.elf')
    const scenario = join(ROOT, 'fixtures/scenarios/small.yaml')
    const damage = ['--damage', 'CHUNK-BITMAP-POINTER:1']
    expect(await kho(['simulate', scenario, '-o', broken, '-q', ...damage])).toMatchObject({ code: 0 })
    const file = join(bench.folder(), 'findings.html')
    await writePage(file, broken)
    const { page, problems } = await bench.open(file)
    await idle(page)
    await page.getByRole('tab', { name: 'findings' }).click()
    const panel = page.getByRole('tabpanel')
    await panel.getByRole('button', { name: 'CHUNK-BITMAP-POINTER' }).first().click()
    await panel.getByText('every entry has a bitmap').waitFor()
    const whole = await range(page)
    await panel.getByRole('button', { name: 'on the map' }).first().click()
    expect(await range(page)).not.toBe(whole)
    await panel.getByRole('button', { name: /^0x/ }).first().click()
    await page.getByRole('tab', { name: 'hex', selected: true }).waitFor()
    await panel.getByRole('row').first().waitFor()
    expect(problems).toEqual([])
  })

  it('judges as another kernel', async () => {
    const file = join(bench.folder(), 'reader.html')
    await writePage(file, IMAGE)
    const { page, problems } = await bench.open(file)
    await idle(page)
    await page.getByLabel('read by').selectOption('6.19')
    await page.getByRole('banner').getByRole('button', { name: 'rejected' }).waitFor()
    await idle(page)
    await page.getByRole('tab', { name: 'findings' }).click()
    expect(await textOf(page.getByRole('tabpanel'))).toContain('6.19')
    await page.getByRole('tab', { name: 'boot' }).click()
    await page.getByRole('heading', { name: /Steps of 6\.19/ }).waitFor()
    expect(problems).toEqual([])
  })

  it('works by keyboard alone', async () => {
    const file = join(bench.folder(), 'keys.html')
    await writePage(file, IMAGE)
    const { page, problems } = await bench.open(file)
    await idle(page)
    const tree = page.getByRole('navigation', { name: 'State' })
    await tree.getByRole('button', { name: 'Open luo' }).press('Enter')
    await tree.getByRole('button', { name: 'sessions', exact: true }).press('Enter')
    await page.getByRole('tab', { name: 'hex', selected: true }).press('ArrowRight')
    await page.getByRole('tab', { name: 'sizes', selected: true }).press('End')
    await page.getByRole('tab', { name: 'compare', selected: true }).waitFor()
    await page.keyboard.press('/')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('search')
    expect(problems).toEqual([])
  })

  it('shows every panel', async () => {
    const file = join(bench.folder(), 'panels.html')
    await writePage(file, IMAGE)
    const { page, problems } = await bench.open(file)
    await idle(page)
    const panel = page.getByRole('tabpanel')
    for (const [tab, text] of [
      ['overview', 'takes everything over as meant'],
      ['sizes', 'memblock/khotrace'],
      ['tracker', '0x63'],
      ['boot', 'kho_populate'],
      ['compare', 'kho-v4'],
    ] as const) {
      await page.getByRole('tab', { name: tab }).click()
      await panel.getByText(text).first().waitFor()
    }
    expect(problems).toEqual([])
  })

  it('is light and dark as the reader wants it, and prints in light', async () => {
    const file = join(bench.folder(), 'dark.html')
    await writePage(file, IMAGE)
    const { page, problems } = await bench.open(file, { colorScheme: 'light' })
    await idle(page)
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = [await background(), String(await pixel(page))]
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.waitForFunction(() => matchMedia('(prefers-color-scheme: dark)').matches)
    expect(await background()).not.toBe(light[0])
    // The map is drawn anew when the browser comes to it.
    await expect.poll(async () => String(await pixel(page)), { timeout: 10_000 }).not.toBe(light[1])
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    expect(await background()).toBe(light[0])
    expect(await page.getByLabel('Find an address, a path or a name').isVisible()).toBe(false)
    expect(await map(page).isVisible()).toBe(true)
    expect((await page.pdf()).length).toBeGreaterThan(10_000)
    expect(problems).toEqual([])
  })
})

import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requirePage } from '../built.js'
import { kho } from '../src/cli/kho.js'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** What a suite works with. */
export interface Bench {
  /** A folder for the pages. */
  folder(): string
  /** A page at a file; what is wrong in it makes the test fail at its end. */
  open(file: string, options?: BrowserContextOptions): Promise<Opened>
}

/** A page, and everything that it said or asked for. */
export interface Opened {
  page: Page
  /** Console errors, exceptions, dialogs, and requests to anything but itself. */
  problems: string[]
}

/** The browser of this machine, or null. `KHO_TEST_BROWSER` names another. */
function findBrowser(): string | null {
  const named = process.env.KHO_TEST_BROWSER
  const folders = (process.env.PATH ?? '').split(delimiter)
  const places = folders.flatMap(folder => NAMES.map(name => join(folder, name)))
  return (named === undefined ? places : [named]).find(isProgram) ?? null
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A suite in a browser; without one, a test that says by name what was left out. */
export function describeInBrowser(name: string, suite: (bench: Bench) => void): void {
  const path = findBrowser()
  if (path === null) {
    it(`left out without chromium: ${name}`, () => {
      console.log(`left out: ${name} (no chromium in PATH, and KHO_TEST_BROWSER names none)`)
      expect(findBrowser()).toBeNull()
    })
    return
  }
  describe(name, () => {
    let browser: Browser
    let folder = ''
    beforeAll(async () => {
      requirePage()
      folder = mkdtempSync(join(tmpdir(), 'kho-browser-'))
      // Root may start chromium without its sandbox only.
      const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
      browser = await chromium.launch({ executablePath: path, args, timeout: 120_000 })
    }, 150_000)
    afterAll(async () => {
      await browser?.close()
      if (folder !== '') rmSync(folder, { recursive: true, force: true })
    })
    suite({ folder: () => folder, open: (file, options) => openPage(browser, file, options) })
  })
}

async function openPage(
  browser: Browser,
  file: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(50_000)
  const problems: string[] = []
  page.on('console', message => {
    if (message.type() === 'error') problems.push(message.text())
  })
  page.on('pageerror', error => problems.push(error.message))
  page.on('dialog', dialog => {
    problems.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  const own = pathToFileURL(file).href
  context.on('request', request => {
    if (request.url() !== own && !request.url().startsWith('blob:'))
      problems.push(`request: ${request.url()}`)
  })
  await page.goto(own)
  return { page, problems }
}

/** Writes a page with some images in it, as a user does. */
export async function writePage(file: string, ...args: string[]): Promise<void> {
  const ran = await kho(['report', ...args, '-o', file])
  expect(ran).toEqual({ code: 0, out: '', err: '' })
}

/** The map's canvas. */
export function map(page: Page): Locator {
  return page.getByRole('region', { name: 'Map of physical memory' }).locator('canvas')
}

/** Waits until an image is shown and the worker has nothing to do. */
export async function idle(page: Page): Promise<void> {
  await map(page).waitFor()
  await page.waitForFunction(() => document.querySelector('[role=status]')?.textContent === '')
}

/** The text of an element that is there. */
export async function textOf(element: Locator): Promise<string> {
  return (await element.textContent()) ?? ''
}

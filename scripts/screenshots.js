// Takes the pictures in docs/images/ of the page that `kho report` writes: `npm run build`, then this. The browser is
// Debian's chromium, or what KHO_TEST_BROWSER names.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const images = join(root, 'docs', 'images')
const folder = mkdtempSync(join(tmpdir(), 'kho-pictures-'))
mkdirSync(images, { recursive: true })

const browser = await chromium.launch({
  executablePath: process.env.KHO_TEST_BROWSER ?? '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
})
try {
  await picture('overview', 'light', simulated('hypervisor'), async () => {})
  await picture(
    'finding',
    'dark',
    simulated('luo-two-sessions', '--damage', 'RADIX-POINTER:3'),
    async page => {
      await tab(page, 'findings')
      await page.getByRole('tabpanel').getByRole('button', { name: 'RADIX-POINTER' }).first().click()
    },
  )
  await picture('diff', 'light', [fixture('basic-1g.s2-early'), fixture('basic-1g.s2-in')], async () => {})
} finally {
  await browser.close()
  rmSync(folder, { recursive: true })
}

function fixture(name) {
  return join(root, 'fixtures', `linux-7.2.${name}.elf`)
}

function simulated(name, ...options) {
  const file = join(folder, `${name}.elf`)
  kho(
    'simulate',
    join(root, 'fixtures', 'scenarios', `${name}.yaml`),
    '-o',
    file,
    '--at',
    'early',
    '-q',
    ...options,
  )
  return [file]
}

function kho(...args) {
  execFileSync(process.execPath, [join(root, 'bin', 'kho.js'), ...args], { stdio: 'inherit' })
}

async function picture(name, colorScheme, files, act) {
  const html = join(folder, `${name}.html`)
  kho('report', ...files, '-o', html)
  const page = await browser.newPage({ viewport: { width: 1240, height: 800 }, colorScheme })
  await page.goto(pathToFileURL(html).href)
  await idle(page)
  await act(page)
  await idle(page)
  await page.mouse.move(0, 0)
  await page.screenshot({ path: join(images, `${name}.png`) })
  await page.close()
}

async function tab(page, name) {
  await page.getByRole('tab', { name }).click()
  await idle(page)
}

async function idle(page) {
  await page.locator('canvas').waitFor()
  await page.waitForFunction(() => document.querySelector('[role=status]')?.textContent === '')
}

import { copyFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fixture } from '../src/cli/kho.js'
import { machine } from '../src/owners/synthetic.js'
import { describeInBrowser, idle, map, textOf, writePage } from './browser.js'

/** Names of sessions that would do something, were they more than text. */
const NAMES = [
  '<img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  '"><iframe src=//evil.test>',
  '</script><script>alert(1)//',
  'javascript:alert(1)',
  '{{constructor.constructor(1)()}}',
  '__proto__',
  '\u009b\u00ff<b>',
]

function hostileImage(): Uint8Array {
  const made = machine()
  const sessions = NAMES.map((name, n) => ({ name, files: [made.memfd(BigInt(n), new Uint8Array(100))] }))
  made.addLuo({ sessions })
  return made.image()
}

describeInBrowser('the page and hostile names', bench => {
  it('shows them as text, runs nothing and asks for nothing', async () => {
    const image = join(bench.folder(), '"><img src=x onerror=alert(2)>.elf')
    writeFileSync(image, hostileImage())
    const file = join(bench.folder(), 'hostile.html')
    await writePage(file, image, image)
    const { page, problems } = await bench.open(file)
    await idle(page)
    const tree = page.getByRole('navigation', { name: 'State' })
    await tree.getByRole('button', { name: 'Open luo' }).click()
    await tree.getByRole('button', { name: 'Open sessions' }).click()
    await tree.getByRole('button', { name: /^Open .*iframe/ }).click()
    for (const tab of ['overview', 'findings', 'sizes', 'tracker', 'boot', 'compare', 'diff', 'hex']) {
      await page.getByRole('tab', { name: tab }).click()
      await idle(page)
    }
    for (const name of NAMES.slice(0, 4)) {
      await page.getByRole('searchbox').fill(name)
      await page.getByRole('searchbox').press('Enter')
      await idle(page)
    }
    await map(page).hover({ position: { x: 40, y: 8 } })
    expect(await textOf(page.locator('body'))).toContain('img')
    expect(await page.locator('img, iframe, object, embed, link, b.x').count()).toBe(0)
    expect(await page.locator('script').count()).toBe(1)
    expect(problems).toEqual([])
  })

  it('has a policy that stops what would get in all the same', async () => {
    const image = join(bench.folder(), 'plain.elf')
    copyFileSync(fixture('reserve-only-256m.s1-kexec'), image)
    const file = join(bench.folder(), 'policy.html')
    await writePage(file, image)
    const { page, problems } = await bench.open(file)
    await idle(page)
    const asked: string[] = []
    const server = createServer((request, answer) => {
      asked.push(request.url ?? '')
      answer.end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const ran = await page.evaluate(async url => {
      const stopped: string[] = []
      document.addEventListener('securitypolicyviolation', event => {
        stopped.push(event.effectiveDirective)
      })
      const div = document.createElement('div')
      div.innerHTML = `<img src="${url}/x" onerror="document.title = 'owned'">`
      document.body.append(div)
      const script = document.createElement('script')
      script.textContent = 'document.title = `owned`'
      document.body.append(script)
      await fetch(url).catch(() => null)
      await new Promise(resolve => setTimeout(resolve, 200))
      return { stopped, title: document.title }
    }, `http://127.0.0.1:${port}`)
    server.close()
    expect(ran.title).not.toBe('owned')
    expect(new Set(ran.stopped)).toEqual(
      new Set(['img-src', 'script-src-elem', 'script-src-attr', 'connect-src']),
    )
    // What was stopped is said on the console; none of it left the browser.
    expect(problems.length).toBeGreaterThan(2)
    expect(asked).toEqual([])
  })
})

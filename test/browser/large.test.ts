import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { kho } from '../src/cli/kho.js'
import { describeInBrowser, idle, textOf, writePage } from './browser.js'

/** 150,000 folios of one memfd, and as many blocks of several orders that nobody owns. */
const SCENARIO = `
title: much
machine:
  kernel: '7.2'
  ram: [0-2G, 4G-68G]
  scratch:
    - { address: 0x38000000, size: 32M }
    - { address: 0x30000000, size: 128M }
    - { address: 0x2c000000, size: 64M }
calls:
  - preserve_random: { range: 8G-68G, orders: [0, 1, 2, 3], count: 150000 }
  - luo_session:
      name: vm
      memfds:
        - { token: 1, size: 600M, contents: none }
  - kexec
`

describeInBrowser('the page and 300,000 blocks', bench => {
  it('draws them while one zooms and moves, and lists folios as far as they are looked at', async () => {
    const scenario = join(bench.folder(), 'much.yaml')
    const image = join(bench.folder(), 'much.elf')
    const file = join(bench.folder(), 'much.html')
    writeFileSync(scenario, SCENARIO)
    expect(await kho(['simulate', scenario, '-o', image, '-q'])).toMatchObject({ code: 0 })
    await writePage(file)
    const { page, problems } = await bench.open(file)
    const start = performance.now()
    await page.getByLabel('Open a dump').setInputFiles(image)
    await idle(page)
    const opened = performance.now() - start
    expect(await textOf(page.getByRole('button', { name: 'much.elf' }))).toMatch(/30\d,\d{3}\s+blocks/)
    const frames = await page.evaluate(async () => {
      const canvas = document.querySelector('canvas')!
      const range = () => document.querySelector('.bar .range')?.textContent
      const keys = ['+', '+', '+', 'ArrowDown', 'ArrowRight', '+', 'ArrowUp', '-', '-', '-', '-', '0']
      const times: number[] = []
      const views = new Set<string | null | undefined>()
      for (const key of [...keys, ...keys, ...keys]) {
        const begun = performance.now()
        canvas.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))
        await new Promise(resolve => requestAnimationFrame(resolve))
        await new Promise(resolve => setTimeout(resolve))
        times.push(performance.now() - begun)
        views.add(range())
      }
      return { times: times.sort((a, b) => a - b), views: views.size }
    })
    expect(frames.views).toBeGreaterThan(6)
    const tree = page.getByRole('navigation', { name: 'State' })
    for (const name of ['luo', 'sessions', 'vm', 'files', '1', 'memfd', 'folios']) {
      await tree.getByRole('button', { name: `Open ${name}`, exact: true }).click()
    }
    await tree.getByRole('button', { name: /more of 15/ }).waitFor()
    const rows = await tree.getByRole('listitem').count()
    expect(rows).toBeLessThan(300)
    await tree.getByRole('button', { name: /more of 15/ }).click()
    await idle(page)
    expect(await tree.getByRole('listitem').count()).toBe(rows + 100)
    const { times } = frames
    const ms = (value: number) => `${value.toFixed(1)} ms`
    console.log(
      `300,000 blocks: open ${ms(opened)}, frame median ${ms(times[times.length >> 1]!)}, worst ${ms(times.at(-1)!)}`,
    )
    expect(problems).toEqual([])
  })
})

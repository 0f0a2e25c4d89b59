import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { extract, loadState, openBytes, pages, validate } from '../../src/index.js'
import { ROOT } from '../built.js'
import { bundleLibrary } from '../library-bundle.js'
import { describeInBrowser } from './browser.js'

const CAPTURE = join(ROOT, 'fixtures/linux-7.2.basic-1g.s1-kexec.elf')

/** The same questions to both: what a state says of itself, and the sums of what it preserves. */
const ASK = `async buffer => {
  const state = kho.loadState(await kho.openBytes(buffer))
  const fdt = new Uint8Array(kho.extract(state, 'fdt').bytes)
  return { abi: state.abi, outcome: kho.validate(state).outcome.word, blocks: kho.pages(state), fdt: [...fdt] }
}`

describeInBrowser('kho-tools in a page that lets no code be made from text', bench => {
  it('reads a capture as it does in Node', async () => {
    const bytes = readFileSync(CAPTURE)
    const { code } = await bundleLibrary('iife')
    const script = code.replaceAll('</script', '<\\/script')
    const file = join(bench.folder(), 'library.html')
    writeFileSync(
      file,
      `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; img-src data:">
      <script>${script}</script>
      <script>
        const text = atob('${bytes.toString('base64')}')
        const bytes = Uint8Array.from(text, c => c.charCodeAt(0))
        window.answer = (${ASK})(bytes.buffer)
      </script>`,
    )
    const { page, problems } = await bench.open(file)
    const answer = await page.evaluate('window.answer')
    const state = loadState(await openBytes(new Uint8Array(bytes)))
    expect(answer).toEqual({
      abi: state.abi,
      outcome: validate(state).outcome.word,
      blocks: pages(state),
      fdt: [...new Uint8Array(extract(state, 'fdt').bytes)],
    })
    expect(problems.filter(problem => !problem.startsWith('request: data:'))).toEqual([])
  })
})

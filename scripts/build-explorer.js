// Builds the page of `kho report`: one HTML file, its worker and its style inside, with a policy that lets nothing else run.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const page = join(root, 'src', 'explorer')
const target = join(root, 'dist', 'explorer')

const worker = await bundle(join(page, 'worker', 'main.ts'), [])
const script = await bundle(join(page, 'page', 'main.tsx'), [textModule('virtual:worker', worker)])
const style = readFileSync(join(page, 'page', 'style.css'), 'utf8')

const policy = [
  "default-src 'none'",
  `script-src '${hashOf(script)}'`,
  `style-src '${hashOf(style)}'`,
  'worker-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<title>kho</title>
<style>${style}</style>
<div id="app"></div>
<!--images-->
<script>${script}</script>
</html>
`
mkdirSync(target, { recursive: true })
writeFileSync(join(target, 'explorer.html'), html)

async function bundle(entry, plugins) {
  const result = await build({
    configFile: false,
    root,
    logLevel: 'warn',
    plugins,
    define: { 'process.env.NODE_ENV': '"production"' },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      write: false,
      target: 'es2022',
      lib: { entry, formats: ['iife'], name: 'kho' },
    },
  })
  const output = (Array.isArray(result) ? result[0] : result).output
  return safe(output.find(chunk => chunk.type === 'chunk').code)
}

/** A script element ends at the first `</script`, wherever that stands. */
function safe(code) {
  return code.replaceAll(/<(?=\/script|!--)/gi, '\\x3c')
}

function textModule(id, text) {
  return {
    name: 'text-module',
    resolveId: source => (source === id ? `\0${id}` : null),
    load: loaded => (loaded === `\0${id}` ? `export default ${JSON.stringify(text)}` : null),
  }
}

function hashOf(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

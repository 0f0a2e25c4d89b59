// What real kernels take to preserve, to finalize and to boot, in instructions: counted by QEMU, so that neither this
// machine nor what else it does has a say.
//
//   node scripts/measure.js run FOLDER OUT.json [RELEASE…]
//
// boots bzImage-RELEASE of FOLDER on states that are made up, and adds what it counts to OUT.json.
//
//   node scripts/measure.js page OUT.json
//
// prints the table of docs/compare.md. `preserve` and `preserve-page` in their place time what preserves and what finalizes,
// in guests whose clock goes by instructions.
//
// Run `npm run build` first.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { buildInitramfs } from '../dist/src/guest/initramfs.js'
import { measureRelease } from '../dist/src/replay/cost/measure.js'
import { costsPage } from '../dist/src/replay/cost/page.js'
import { measurePreserve } from '../dist/src/replay/cost/preserve.js'
import { preservePage } from '../dist/src/replay/cost/preserve-page.js'

const [verb, ...rest] = process.argv.slice(2)
if (verb === 'run') await run(measureRelease, ...rest)
else if (verb === 'preserve') await run(measurePreserve, ...rest)
else if (verb === 'page') process.stdout.write(costsPage(JSON.parse(readFileSync(rest[0], 'utf8'))))
else if (verb === 'preserve-page')
  process.stdout.write(preservePage(JSON.parse(readFileSync(rest[0], 'utf8'))))
else throw new Error('run or preserve FOLDER OUT.json [RELEASE…]; page or preserve-page OUT.json')

async function run(measure, folder, out, ...wanted) {
  const releases = readdirSync(folder).flatMap(name => /^bzImage-(\d.*)$/.exec(name)?.[1] ?? [])
  const initrd = buildInitramfs()
  for (const release of releases.filter(name => wanted.length === 0 || wanted.includes(name))) {
    const row = await measure(release, resolve(join(folder, `bzImage-${release}`)), initrd)
    // Read now: others may have measured meanwhile.
    const known = existsSync(out) ? JSON.parse(readFileSync(out, 'utf8')) : []
    const others = known.filter(other => other.release !== release)
    const rows = [...others, row].sort((a, b) => a.release.localeCompare(b.release, 'en', { numeric: true }))
    writeFileSync(out, `${JSON.stringify(rows, null, 2)}\n`)
    console.error(`${release}: done`)
  }
}

// What two states hand over differently, whatever tree and addresses they say it with. node semantic-diff.js A B
import { diff, loadState } from 'kho-tools'
import { openImage } from 'kho-tools/node'

const [a, b] = await Promise.all(process.argv.slice(2, 4).map(async path => loadState(await openImage(path))))
const { same, changes, totals } = diff(a, b)
for (const { path, class: what, a: before, b: after } of changes) {
  if (what === 'address' || what === 'structure') continue
  console.log(`${path}: ${what}, ${before?.bytes ?? 'nothing'} bytes, now ${after?.bytes ?? 'nothing'}`)
}
console.log(same ? 'the same' : `${totals.removedBytes} bytes gone, ${totals.addedBytes} new`)

// The preserved memory: as blocks, as ranges, and by owner. node pages.js IMAGE
import { loadState, ownedRanges, pages, ranges } from 'kho-tools'
import { openImage } from 'kho-tools/node'

const state = loadState(await openImage(process.argv[2]))
console.log(`${pages(state).length} blocks in ${ranges(state).length} ranges`)
for (const { start, end, owner } of ownedRanges(state).slice(0, 5)) {
  console.log(`0x${start.toString(16)}-0x${end.toString(16)} ${owner}`)
}

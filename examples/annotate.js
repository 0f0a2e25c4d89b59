// A structure, field by field. node annotate.js IMAGE PATH
import { annotate, loadState } from 'kho-tools'
import { openImage } from 'kho-tools/node'

const state = loadState(await openImage(process.argv[2]))
for (const span of annotate(state, process.argv[3])) {
  if (span.kind === 'field') console.log(`0x${span.address.toString(16)} ${span.name} ${span.value}`)
}

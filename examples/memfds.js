// Every memfd of every session into a file of its own; holes stay holes. node memfds.js IMAGE FOLDER
import { loadState, planExtract, resolve, stat, writeContents } from 'kho-tools'
import { openImage, openOutputFile } from 'kho-tools/node'

const [image, folder] = process.argv.slice(2)
const state = loadState(await openImage(image))
for (const session of stat(state).sessions.items ?? []) {
  for (const { path, token, size, holes } of session.files) {
    const plan = planExtract(state, resolve(state, path))
    const file = openOutputFile(`${folder}/${session.name}-${token}`, [image])
    writeContents(state, plan, file.write)
    file.finish(plan.size)
    console.log(`${path}: ${size} bytes, ${holes} of them in holes, ${plan.missingBytes} not in the dump`)
  }
}

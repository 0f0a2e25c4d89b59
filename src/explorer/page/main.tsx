import workerSource from 'virtual:worker'
import { render } from 'preact'
import { App } from './app.js'
import { carriedImages } from './carried.js'
import { attempt, openImage, start } from './store.js'

const url = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }))
start(new Worker(url))
render(<App />, document.getElementById('app')!)
void attempt(async () => {
  for (const { side, image } of carriedImages(document)) await openImage(side, image)
})

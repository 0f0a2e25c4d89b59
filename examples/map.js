// Physical memory as a picture. node map.js IMAGE
import { loadState, map, pictureOf } from 'kho-tools'
import { openImage } from 'kho-tools/node'

const state = loadState(await openImage(process.argv[2]))
const picture = pictureOf(map(state), { by: 'owner', second: null, range: null, columns: 32, rows: 8 })
console.log(picture.rows, picture.columns, [...picture.cells()].length)

// A copy of an image with its state broken on purpose, and what finds it. node damage-image.js IMAGE RULE
import { damage, damagesOf, loadState, openBytes, validate } from 'kho-tools'
import { openImage } from 'kho-tools/node'

const [path, rule] = process.argv.slice(2)
const state = loadState(await openImage(path))
console.log(damagesOf(state).some(offer => offer.rule === rule && offer.reason === null))
const { done, bytes } = damage(state, [{ rule, seed: 1 }])
console.log(done[0])
const broken = loadState(await openBytes(bytes))
console.log(validate(broken).findings.some(finding => finding.rule === rule))

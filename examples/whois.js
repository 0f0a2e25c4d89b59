// What an address is. node whois.js IMAGE ADDRESS
import { loadState, whois } from 'kho-tools'
import { openImage } from 'kho-tools/node'

const state = loadState(await openImage(process.argv[2]))
const { preserved, block, owners } = whois(state, BigInt(process.argv[3]))
console.log(
  preserved ? `preserved, order ${block.order}` : 'not preserved',
  owners.map(claim => claim.path).join(' '),
)

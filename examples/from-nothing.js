// A radix tree and a LUO session with a memfd, from nothing into an ArrayBuffer and back.
import { extract, loadState, openBytes, parseScenario, simulate, simulationBytes, stat } from 'kho-tools'

const scenario = parseScenario(`
machine:
  kernel: '7.2'
  ram: [0-640K, 1M-256M]
  scratch: [{ address: 0x8000000, size: 16M }]
calls:
  - luo_session: { name: vm, memfds: [{ token: 1, size: 64K, contents: { pattern: 'guest ' }, holes: [4K-8K] }] }
  - kexec
`)
const { bytes } = simulationBytes(simulate(scenario))
const state = loadState(await openBytes(bytes))
const memfd = new Uint8Array(extract(state, 'luo/sessions/vm/files/1').bytes)
console.log(bytes instanceof ArrayBuffer, state.abi, state.tracker.state, stat(state).totals.files)
console.log(memfd.length, new TextDecoder().decode(memfd.subarray(0, 11)), memfd[4096])

// Raw ArrayBuffer in, raw ArrayBuffer out: the root FDT of a state.
import { extract, loadState, openBytes } from 'kho-tools'

export async function rootFdt(image) {
  const state = loadState(await openBytes(image))
  return extract(state, 'fdt').bytes
}

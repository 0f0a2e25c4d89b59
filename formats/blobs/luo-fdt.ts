import { type FdtNode, type FdtTree, findChild, findProperty, nativeU64 } from '../fdt/index.js'
import { LUO_FDT } from '../layout/index.js'
import { hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import type { Range } from '../memory/range.js'
import { type BlobContext, quote } from './context.js'
import { firstCompatible } from './fdt-blob.js'
import { decodeFlbs } from './luo-flb.js'
import { decodeSessionArray } from './luo-session.js'
import type { Luo } from './luo-types.js'

/** The form of 6.19 to 7.1: an FDT whose nodes point to arrays. 6.19 has no node for FLBs. */
export function decodeLuoFdt(context: BlobContext, tree: FdtTree, extent: Range, path: string): Luo {
  const address = extent.start
  const number = findProperty(tree.root, LUO_FDT.number)
  const liveupdateNumber = number && nativeU64(number)
  if (liveupdateNumber === null) {
    context.fault('LUO-NUMBER', `Unable to get live update number '${LUO_FDT.number}'`, address, path)
  }
  const session = findChild(tree.root, LUO_FDT.sessionNode)
  if (session === null) {
    context.fault('LUO-NODE', `Unable to get session node: [${LUO_FDT.sessionNode}]`, address, path)
  }
  const flb = findChild(tree.root, LUO_FDT.flbNode)
  const luo: Luo = {
    kind: 'luo',
    form: 'fdt',
    compatible: LUO_FDT.compatible,
    struct: null,
    features: null,
    extent,
    liveupdateNumber,
    sessionsAddress:
      session && pointer(context, session, LUO_FDT.sessionHeader, LUO_FDT.sessionCompatible, extent, path),
    flbsAddress: flb ? pointer(context, flb, LUO_FDT.flbHeader, LUO_FDT.flbCompatible, extent, path) : 0,
    blocks: [],
    sessionArray: null,
    sessions: [],
    gap: null,
    flbs: null,
  }
  decodeSessionArray(context, luo, path)
  luo.flbs = decodeFlbs(context, luo.flbsAddress, path)
  return luo
}

/** The address in a node's property. Null, with a fault, where there is none or the node is of another format. */
function pointer(
  context: BlobContext,
  node: FdtNode,
  property: string,
  expected: string,
  extent: Range,
  path: string,
): number | null {
  const compatible = firstCompatible(node)
  if (compatible !== expected) {
    const message = `node ${node.name} is incompatible with '${expected}': ${quote(compatible ?? '')}`
    context.fault('LUO-COMPATIBLE', message, extent.start + node.offset, path)
    return null
  }
  const found = findProperty(node, property)
  const value = found && nativeU64(found)
  if (found === null || value === null) {
    const message = `Unable to get '${property}' [${found?.value.length ?? 0}]`
    context.fault('LUO-NODE', message, extent.start + node.offset, path)
    return null
  }
  if (value >= ADDRESS_LIMIT) {
    context.fault(
      'LUO-POINTER',
      `${property} ${hex(value)} is no physical address`,
      extent.start + found.offset,
      path,
    )
    return null
  }
  return Number(value)
}

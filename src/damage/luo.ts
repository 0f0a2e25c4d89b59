import type { Luo } from '../../formats/blobs/index.js'
import { KhoError } from '../../formats/error.js'
import { findChild } from '../../formats/fdt/index.js'
import {
  KHO_BLOCK_HEADER,
  KHO_MAX_BLOCKS,
  LUO_FDT,
  LUO_SER,
  LUO_SESSION_SER,
  offsetOf,
} from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { blobSizeAt, editFdt, propertyOf } from './fields.js'
import { luoOf, SESSION_FILES, SESSION_NAME, sessionOf, textField } from './luo-parts.js'
import { cannotBreak, elementOf } from './target.js'

/** Fields of a block's header, and its end. */
const BLOCK_NEXT = offsetOf(KHO_BLOCK_HEADER, 'next')
const BLOCK_COUNT = offsetOf(KHO_BLOCK_HEADER, 'count')
const BLOCK_HEADER = KHO_BLOCK_HEADER.size

/** Most memory that showing a rule may take. */
const MOST_ADDED = 2 ** 28

/** Where the blob has the address of the sessions: not where it was, in forms that were posted. */
function sessionsPaOf({ struct }: Luo): number {
  return offsetOf(struct ?? LUO_SER, 'sessionsPa' as never)
}

/** A block of sessions or files, struct form only. */
function blockOf(target: DamageTarget): number {
  const { luo } = luoOf(target, 'struct')
  const blocks = [...luo.blocks, ...luo.sessions.flatMap(session => session.blocks)]
  return target.pick(blocks, 'block').extent.start
}

function linkBlock(target: DamageTarget, next: (block: number) => number): string {
  const block = blockOf(target)
  target.write64(block + BLOCK_NEXT, next(block))
  return `block ${hex(block)} leads to ${hex(next(block))}`
}

/** Blocks of one session each behind the last block of sessions. */
function growChain(target: DamageTarget, count: number): string {
  const { luo } = luoOf(target, 'struct')
  const added = count * target.geometry.pageSize
  if (added > MOST_ADDED) {
    const message = `${count} blocks of a page each would take ${Math.ceil(added / 2 ** 20)} MiB`
    throw new KhoError('cannot-express', message, { hint: 'show it with smaller pages' })
  }
  const session = target.pick(luo.sessions, 'session')
  const entry = target.read(session.extent.start, LUO_SESSION_SER.size).slice()
  let last = elementOf(luo.blocks, -1, 'block of sessions').extent.start
  const before = last
  for (let n = 0; n < count; n++) {
    const { address, bytes } = target.allocate()
    bytes.set(entry, BLOCK_HEADER)
    bytes.set(textField(`more-${n}`, SESSION_NAME), BLOCK_HEADER)
    bytes.fill(0, BLOCK_HEADER + SESSION_FILES, BLOCK_HEADER + LUO_SESSION_SER.size)
    bytes[BLOCK_COUNT] = 1
    target.write64(last + BLOCK_NEXT, address)
    last = address
  }
  return `${count} blocks of one session behind block ${hex(before)}`
}

function fdtOf(target: DamageTarget) {
  const { address } = luoOf(target, 'fdt')
  return { address, root: target.fdt(address, 'FDT of LUO').root }
}

/** LUO's own structures: its state, blocks, arrays and sessions. */
export const luoDamages: DamageTable = {
  'LUO-NOT-SERIALISED': {
    about: 'LUO leads to no sessions, as before the reboot call',
    apply(target) {
      const { address, luo } = luoOf(target, 'struct')
      const at = address + sessionsPaOf(luo)
      target.write64(at, 0)
      return `sessions_pa at ${hex(at)} is 0`
    },
  },
  'LUO-COMPATIBLE': {
    about: 'LUO is of a version that no reader knows',
    apply(target) {
      const { address, luo } = luoOf(target)
      if (luo.form === 'struct') target.write(address, textField('luo-v9', 8))
      else target.write(address + propertyOf(fdtOf(target).root, 'compatible').offset, textField('luo-v9', 7))
      return 'compatible is luo-v9'
    },
  },
  'LUO-SIZE': {
    about: "LUO's blob-size is less than its struct",
    apply(target) {
      const { name } = luoOf(target, 'struct')
      target.write64(blobSizeAt(target, name), 16)
      return 'blob-size is 16'
    },
  },
  'LUO-POINTER': {
    about: 'the pointer to the sessions is no address',
    apply(target) {
      const { address, luo } = luoOf(target)
      const session = luo.form === 'struct' ? null : findChild(fdtOf(target).root, LUO_FDT.sessionNode)
      const at = session === null ? sessionsPaOf(luo) : propertyOf(session, LUO_FDT.sessionHeader).offset
      target.write64(address + at, 2n ** 60n)
      return `the pointer at ${hex(address + at)} is 0x1000000000000000`
    },
  },
  'LUO-NUMBER': {
    about: 'LUO lacks the number of live updates: FDT form',
    apply(target) {
      const { address } = fdtOf(target)
      editFdt(target, address, target.geometry.pageSize, editor => editor.deleteProperty('/', LUO_FDT.number))
      return `${LUO_FDT.number} taken out`
    },
  },
  'LUO-NODE': {
    about: 'LUO lacks the node of its sessions: FDT form',
    apply(target) {
      const { address } = fdtOf(target)
      editFdt(target, address, target.geometry.pageSize, editor =>
        editor.deleteNode(`/${LUO_FDT.sessionNode}`),
      )
      return `${LUO_FDT.sessionNode} taken out`
    },
  },
  'LUO-ABSENT': {
    about: 'the page of objects, or the array of sessions, is not in the dump',
    apply(target) {
      const { luo } = luoOf(target)
      const address = luo.flbs?.extent.start ?? luo.sessionArray?.start
      if (address === undefined) throw cannotBreak('page of objects')
      target.remove(address)
      return `page ${hex(address)} taken out`
    },
  },
  'LUO-BLOCK-ABSENT': {
    about: 'a block is not in the dump',
    apply(target) {
      const block = blockOf(target)
      target.remove(block)
      return `block ${hex(block)} taken out`
    },
  },
  'LUO-BLOCK-COUNT': {
    about: 'a block says that it has more entries than fit its page',
    apply(target) {
      const block = blockOf(target)
      const count = target.geometry.pageSize + target.random.below(100)
      target.write64(block + BLOCK_COUNT, count)
      return `block ${hex(block)} has ${count} entries`
    },
  },
  'LUO-BLOCK-CYCLE': {
    about: 'a block leads back to itself',
    apply: target => linkBlock(target, block => block),
  },
  'LUO-BLOCK-POINTER': {
    about: 'a block leads on to an address that is no page',
    apply: target => linkBlock(target, block => block + 8),
  },
  'LUO-BLOCK-PARTIAL': {
    about: 'a block that another one follows is not full',
    apply: target => growChain(target, 1),
  },
  'LUO-BLOCK-LIMIT': {
    about: `a chain has more than ${KHO_MAX_BLOCKS} blocks`,
    apply: target => growChain(target, KHO_MAX_BLOCKS),
  },
  'LUO-BLOCK-SHARED': {
    about: "a session's files are in the block of the sessions",
    apply(target) {
      const { luo } = luoOf(target, 'struct')
      const { extent, path } = sessionOf(target)
      const block = elementOf(luo.blocks, 0, 'block of sessions').extent.start
      target.write64(extent.start + SESSION_FILES, block)
      return `files of ${path} are at ${hex(block)}`
    },
  },
  'LUO-SESSION-COUNT': {
    about: 'the array of sessions has more than there is room for: FDT form',
    apply(target) {
      const { luo } = luoOf(target, 'fdt')
      if (luo.sessionArray === null) throw cannotBreak('array of sessions')
      const count = 2 ** 20 + target.random.below(100)
      target.write64(luo.sessionArray.start, count)
      return `${count} sessions`
    },
  },
  'LUO-SESSION-DUPLICATE': {
    about: 'two sessions have the same name',
    apply(target) {
      const { sessions } = luoOf(target).luo
      if (sessions.length < 2) throw cannotBreak('two sessions')
      const [first, second] = sessions as [(typeof sessions)[0], (typeof sessions)[0]]
      target.write(second.extent.start, textField(first.name, SESSION_NAME))
      return `${second.path} is called ${first.name} too`
    },
  },
  'LUO-NAME-EMPTY': {
    about: 'a session has no name',
    apply(target) {
      const { extent, path } = sessionOf(target)
      target.write(extent.start, new Uint8Array(SESSION_NAME))
      return `${path} has no name`
    },
  },
  'LUO-NAME-UNTERMINATED': {
    about: 'the name of a session has no NUL',
    apply(target) {
      const { extent, path } = sessionOf(target)
      target.write(extent.start, new Uint8Array(SESSION_NAME).fill(0x78))
      return `the name of ${path} fills its field`
    },
  },
}

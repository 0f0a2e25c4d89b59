import { flbCapacity, type LuoFlb, type LuoFlbs } from '../../formats/blobs/index.js'
import { LUO_FLB_HEADER_SER, LUO_FLB_SER, offsetOf } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { DamageTable, DamageTarget } from './damage.js'
import {
  FILE_DATA,
  FILE_TOKEN,
  filesOf,
  luoOf,
  SESSION_COUNT,
  SESSION_FILES,
  sessionOf,
  textField,
} from './luo-parts.js'
import { cannotBreak } from './target.js'

/** Fields of an object, and of the header of their page. */
const FLB_NAME = offsetOf(LUO_FLB_SER, 'data') - offsetOf(LUO_FLB_SER, 'name')
const FLB_COUNT = offsetOf(LUO_FLB_SER, 'count')
const FLB_HEADER_COUNT = offsetOf(LUO_FLB_HEADER_SER, 'count')

function flbsOf(target: DamageTarget): LuoFlbs {
  const { flbs } = luoOf(target).luo
  if (flbs === null) throw cannotBreak('page of objects')
  return flbs
}

function flbOf(target: DamageTarget): LuoFlb {
  return target.pick(flbsOf(target).entries, 'object')
}

/** Files of sessions, and the objects that they share. */
export const luoFileDamages: DamageTable = {
  'LUO-HANDLER': {
    about: 'a file is of a handler that no kernel has',
    apply(target) {
      const { extent, path } = target.pick(filesOf(target), 'file')
      target.write(extent.start, textField('memfd-v9', FILE_DATA))
      return `${path} has compatible string memfd-v9`
    },
  },
  'LUO-FLB-VERSION': {
    about: 'an object is of a version that nobody knows',
    apply(target) {
      const { extent, path } = flbOf(target)
      target.write(extent.start, textField('hugetlb-v99', FLB_NAME))
      return `${path} is called hugetlb-v99`
    },
  },
  'LUO-FILE-COUNT': {
    about: 'a session says that it has one file more',
    apply(target) {
      const { extent, fileCount, path } = sessionOf(target)
      target.write64(extent.start + SESSION_COUNT, (fileCount ?? 0) + 1)
      // The array of the FDT form has no count of its own: there a session without a list has none.
      if (luoOf(target).luo.form === 'fdt') target.write64(extent.start + SESSION_FILES, 0)
      return `${path} has ${(fileCount ?? 0) + 1} files`
    },
  },
  'LUO-FILE-COMPATIBLE': {
    about: 'a file has no compatible string',
    apply(target) {
      const { extent, path } = target.pick(filesOf(target), 'file')
      target.write(extent.start, new Uint8Array(FILE_DATA))
      return `${path} has no compatible string`
    },
  },
  'LUO-FILE-DATA-ZERO': {
    about: 'a file has handle 0',
    apply(target) {
      const { extent, path } = target.pick(filesOf(target), 'file')
      target.write64(extent.start + FILE_DATA, 0)
      return `${path} has handle 0`
    },
  },
  'LUO-FILE-DATA-SHARED': {
    about: 'two files have the same handle',
    apply(target) {
      const files = filesOf(target)
      if (files.length < 2) throw cannotBreak('two files')
      const [first, second] = files as [(typeof files)[0], (typeof files)[0]]
      target.write64(second.extent.start + FILE_DATA, first.data)
      return `${second.path} has the handle ${hex(first.data)} of ${first.path}`
    },
  },
  'LUO-FILES-SHARED': {
    about: 'two sessions have the same array of files: FDT form',
    apply(target) {
      const sessions = luoOf(target, 'fdt').luo.sessions.filter(session => session.files.length > 0)
      if (sessions.length < 2) throw cannotBreak('two sessions with files')
      const [first, second] = sessions as [(typeof sessions)[0], (typeof sessions)[0]]
      target.write64(second.extent.start + SESSION_FILES, first.filesAddress!)
      return `${second.path} has the files of ${first.path}`
    },
  },
  'LUO-TOKEN-DUPLICATE': {
    about: 'two files of a session have the same token',
    apply(target) {
      const { files } = sessionOf(target, session => session.files.length > 1)
      const [first, second] = files as [(typeof files)[0], (typeof files)[0]]
      target.write64(second.extent.start + FILE_TOKEN, first.token)
      return `${second.path} has token ${first.token} too`
    },
  },
  'LUO-FLB-PAGES': {
    about: 'the page of objects says that there are two of it',
    apply(target) {
      const { extent } = flbsOf(target)
      target.write64(extent.start, 2)
      return `pgcnt at ${hex(extent.start)} is 2`
    },
  },
  'LUO-FLB-COUNT': {
    about: 'the page of objects says that it has more than fit',
    apply(target) {
      const { extent } = flbsOf(target)
      const count = flbCapacity(target.geometry.pageSize) + 1 + target.random.below(100)
      target.write64(extent.start + FLB_HEADER_COUNT, count)
      return `count at ${hex(extent.start + FLB_HEADER_COUNT)} is ${count}`
    },
  },
  'LUO-FLB-DUPLICATE': {
    about: 'two objects have the same name',
    apply(target) {
      const { entries } = flbsOf(target)
      if (entries.length < 2) throw cannotBreak('two objects')
      const [first, second] = entries as [LuoFlb, LuoFlb]
      target.write(second.extent.start, textField(first.name, FLB_NAME))
      return `${second.path} is called ${first.name} too`
    },
  },
  'LUO-FLB-REFCOUNT': {
    about: 'an object is held by more files than there are',
    apply(target) {
      const { extent, path } = flbOf(target)
      const count = filesOf(target).length + 1 + target.random.below(9)
      target.write64(extent.start + FLB_COUNT, count)
      return `${path}, ${LUO_FLB_SER.size} bytes at ${hex(extent.start)}, is held by ${count} files`
    },
  },
}

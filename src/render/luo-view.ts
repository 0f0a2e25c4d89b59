import type { KhoBlock, Luo, LuoFile, LuoFlb, LuoSession } from '../../formats/blobs/index.js'
import { hex } from '../../formats/memory/fault.js'
import { memfdView } from './memfd-view.js'
import {
  address,
  count,
  count64,
  list,
  name,
  nothing,
  opaque,
  type RecordView,
  record,
  text,
  token,
} from './view.js'
import type { ViewContext } from './view-context.js'

/** The Live Update Orchestrator's sessions, their files, and the objects that files share. */
export function luoView(luo: Luo, context: ViewContext): RecordView {
  return record({
    form: text(luo.form),
    compatible: name(luo.compatible),
    liveupdateNumber: count64(luo.liveupdateNumber),
    sessionsAddress: address(luo.sessionsAddress),
    flbsAddress: address(luo.flbsAddress),
    blocks: blocksView(luo.blocks),
    sessions: list(
      luo.sessions,
      session => sessionView(session, context),
      session => session.name,
    ),
    flbCount: count64(luo.flbs?.count ?? null),
    flbs: list(luo.flbs?.entries ?? [], flbView),
  })
}

function sessionView(session: LuoSession, context: ViewContext): RecordView {
  return record({
    name: name(session.name),
    filesAddress: address(session.filesAddress),
    fileCount: count(session.fileCount),
    blocks: blocksView(session.blocks),
    files: list(
      session.files,
      file => fileView(file, context),
      file => file.token.toString(),
    ),
  })
}

/** A path goes through to the memfd: `files/2/folios/3`. */
function fileView(file: LuoFile, context: ViewContext): RecordView {
  return record(
    {
      token: token(file.token),
      compatible: name(file.compatible),
      data: opaque(file.data),
      memfd: file.memfd === null ? nothing : memfdView(file.memfd, context),
    },
    ['memfd'],
  )
}

function flbView(flb: LuoFlb): RecordView {
  return record({ name: name(flb.name), data: opaque(flb.data), count: count64(flb.count) })
}

function blocksView(blocks: readonly KhoBlock[]) {
  return list(
    blocks,
    block => record({ address: address(block.extent.start), count: count(block.count) }),
    block => hex(block.extent.start),
  )
}

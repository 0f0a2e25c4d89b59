import { FD_STORE_SESSION, FD_STORE_TOKEN, type LuoSession } from '../../formats/blobs/index.js'
import { LUO_FILE_SER, MEMFD_LUO_FOLIO_SER } from '../../formats/layout/index.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { luoOf, SESSION_NAME, sessionOf, textField } from './luo-parts.js'
import { cannotBreak } from './target.js'

/** A token that no mapping names. */
const STRANGE_TOKEN = 0x7fff_fff1

const isOwn = ({ name }: LuoSession) => name === FD_STORE_SESSION

/** Gives a file that a unit has an entry for another token. */
function retoken(target: DamageTarget): string {
  const { files } = sessionOf(target, session => isOwn(session) && session.files.length > 1)
  const file = target.pick(
    files.filter(({ token }) => token !== FD_STORE_TOKEN),
    "file of systemd's",
  )
  const field = LUO_FILE_SER.fields.find(({ name }) => name === 'token')!
  target.write64(file.extent.start + field.offset, STRANGE_TOKEN)
  return `${file.path} has token ${STRANGE_TOKEN}`
}

/** Breaks what systemd writes down for itself. */
export const systemdDamages: DamageTable = {
  'SYSTEMD-MAPPING': {
    about: 'the mapping of tokens to units begins with a byte that is no JSON',
    apply(target) {
      const { files } = sessionOf(target, isOwn)
      const memfd = files.find(({ token }) => token === FD_STORE_TOKEN)?.memfd
      const list = memfd?.vmalloc?.runs[0]
      if (memfd == null || list == null) throw cannotBreak('mapping of tokens to units')
      const { word } = MEMFD_LUO_FOLIO_SER.read(target.read(list, MEMFD_LUO_FOLIO_SER.size))
      const at = Number(BigInt.asUintN(52, BigInt(word ?? 0))) * target.geometry.pageSize
      target.write(at, Uint8Array.of(0xff))
      return `the first byte of ${memfd.path} is 0xff`
    },
  },
  'SYSTEMD-TOKEN-UNNAMED': { about: 'a file has a token that no unit has an entry for', apply: retoken },
  'SYSTEMD-TOKEN-MISSING': { about: 'a unit has an entry for a token that is not there', apply: retoken },
  'SYSTEMD-SESSION-MISSING': {
    about: "every session but systemd's own has another name",
    apply(target) {
      const others = luoOf(target).luo.sessions.filter(session => !isOwn(session))
      if (others.length === 0 || others.length === luoOf(target).luo.sessions.length) {
        throw cannotBreak("session beside systemd's")
      }
      for (const [n, session] of others.entries()) {
        target.write(session.extent.start, textField(`lost-${n}`, SESSION_NAME))
      }
      return `${others.length} sessions are called lost-0 and on`
    },
  },
}

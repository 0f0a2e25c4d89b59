import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { KhoError } from '../../formats/error.js'
import { hex } from '../../formats/memory/fault.js'
import type { GuestFile } from '../guest/retrieve.js'
import type { Capture } from './capture.js'

/**
 * Writes beside the dumps what the guest itself said: of the first kernel (`first.…`, the truth for `ready`), and of the
 * next one (`next.…`, for the dumps after the jump). Gives the names of what was written, relative to the folder.
 *
 * @throws KhoError `missing` where it cannot be written
 */
export function writeTruth(folder: string, capture: Capture): string[] {
  const made: string[] = []
  const put = (name: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  const list = (name: string, content: string | null) => {
    // Of a run before.
    rmSync(join(folder, name), { force: true })
    if (content === null) return
    put(name, content)
    made.push(name)
  }
  const tree = (name: string, files: ReadonlyMap<string, Uint8Array>) => {
    rmSync(join(folder, name), { recursive: true, force: true })
    for (const [path, bytes] of files) put(join(name, path), bytes)
    if (files.size > 0) made.push(name)
  }
  try {
    list('console.txt', lines(capture.console))
    for (const [which, files] of [
      ['first', capture.machine.before],
      ['next', capture.machine.after],
    ] as const) {
      for (const [name, text] of files) list(`${which}.${name}.txt`, text)
    }
    list('first.memfds.json', memfdsJson(capture.preserved))
    list('first.dmesg.txt', lines(capture.dmesg.before))
    tree('first.debugfs', capture.debugfs.before)
    list('next.memfds.json', memfdsJson(capture.retrieved.files))
    list('next.dmesg.txt', lines(capture.dmesg.after))
    list('next.reservations.txt', lines(capture.reservations.map(reservationLine)))
    tree('next.debugfs', capture.debugfs.after)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new KhoError('missing', `cannot write what the guest said: ${why}`, { path: folder })
  }
  return made
}

function lines(content: readonly string[]): string | null {
  return content.length === 0 ? null : `${content.join('\n').replace(/\n+$/, '')}\n`
}

/** As `kho pages --ranges` prints them, but unmerged, and in the order of the kernel's walk. */
function reservationLine({ start, end }: { start: number; end: number }): string {
  return `${hex(start)}-${hex(end)} ${end - start}`
}

/** Session names are byte strings: one character, U+0000 to U+00FF, for each byte. */
function memfdsJson(files: readonly GuestFile[]): string | null {
  if (files.length === 0) return null
  const rows = files.map(({ session, token, size, sha256, position, seals, frames }) =>
    JSON.stringify({
      session,
      token: String(token),
      size: Number(size),
      sha256,
      position: Number(position),
      seals,
      frames,
    }),
  )
  return `[\n${rows.join(',\n')}\n]\n`
}

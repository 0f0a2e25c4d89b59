import { KhoError } from '../../formats/error.js'
import { type Absence, hex } from '../../formats/memory/fault.js'
import type { KhoState } from '../image/state.js'
import { extentsContent } from '../model/content.js'
import type { Node } from '../model/node.js'
import type { Content } from '../model/piece.js'
import { noBytes } from '../model/resolve.js'
import { walkContent } from './walk-content.js'

/** A stretch of a content that the dump lacks. */
export interface MissingRange {
  /** Bytes from the start of the content, half open. */
  start: number
  end: number
  /** Physical address of its first byte; null where the structures name none. */
  address: number | null
  reason: Absence
}

/** What is to be written: found out before anything is. */
export interface ExtractPlan {
  path: string
  what: string
  /** Bytes of the content, holes included. */
  size: number
  /** Bytes that will be written. */
  present: number
  /** Bytes that no structure puts anything at: zeros, and holes in a file that can have them. */
  holes: number
  missing: MissingRange[]
  missingBytes: number
  /** Why even the missing ranges may not be all that is missing; null where they are. */
  incomplete: string | null
  content: Content
}

/**
 * What a part's contents are, and what the dump lacks of them. Nothing is written.
 *
 * @throws KhoError `usage` for a part that has no bytes, `broken-state` for contents whose size is not known
 */
export function planExtract(state: KhoState, part: Node): ExtractPlan {
  const content = contentOf(part)
  const { path, what } = part
  const { size, incomplete } = content
  return { path, what, size, incomplete, content, ...figuresOf(state, content) }
}

type Figures = Pick<ExtractPlan, 'present' | 'holes' | 'missing' | 'missingBytes'>

/** Several files may have one content, which may be long: it is looked at once. */
const figures = new WeakMap<Content, Figures>()

function figuresOf(state: KhoState, content: Content): Figures {
  const known = figures.get(content)
  if (known !== undefined) return known
  const plan: Figures = { present: 0, holes: 0, missing: [], missingBytes: 0 }
  figures.set(content, plan)
  walkContent(state.image.memory, content, {
    bytes(_offset, bytes) {
      plan.present += bytes.length
    },
    zeros(_offset, length) {
      plan.present += length
    },
    missing(offset, length, address, reason) {
      plan.missingBytes += length
      addMissing(plan.missing, { start: offset, end: offset + length, address, reason })
    },
  })
  plan.holes = content.size - plan.present - plan.missingBytes
  return plan
}

/** Writes the contents. `put` gets each piece with its offset, ascending; holes and what is missing are left out. */
export function writeContents(
  state: KhoState,
  plan: ExtractPlan,
  put: (bytes: Uint8Array, offset: number) => void,
): void {
  if (plan.present === 0) return
  const zeros = new Uint8Array(1 << 16)
  walkContent(state.image.memory, plan.content, {
    bytes: (offset, bytes) => put(bytes, offset),
    zeros(offset, length) {
      for (let done = 0; done < length; done += zeros.length) {
        put(zeros.subarray(0, Math.min(zeros.length, length - done)), offset + done)
      }
    },
    missing() {},
  })
}

/**
 * Refuses contents that are not whole.
 *
 * @throws KhoError `broken-state` with the first range that is missing and how much there is
 */
export function refuseMissing(plan: ExtractPlan): void {
  const { missing, missingBytes, path, incomplete } = plan
  const first = missing[0]
  const hint = '--partial writes what is there, and lists what is not'
  if (first === undefined) {
    if (incomplete === null) return
    throw new KhoError('broken-state', `${path} is not whole: ${incomplete}`, { path, hint })
  }
  const ranges = missing.length === 1 ? 'one range' : `${missing.length} ranges`
  const where = first.address === null ? 'no address' : hex(first.address)
  const message = `${path}: ${missingBytes} of ${plan.size} bytes are not in the dump, in ${ranges}; first bytes ${first.start}-${first.end}, at ${where} (${first.reason})`
  throw new KhoError('broken-state', message, { path, hint })
}

function contentOf(part: Node): Content {
  const content = part.content()
  if (content !== null) return content
  if (part.view.form === 'one' && part.view.thing.kind.item?.kind === 'session') throw noContents(part)
  const { extents } = part.memory
  if (extents.length === 0) throw noBytes(part)
  return extentsContent(extents)
}

/** Parts that an error names. */
const SHOWN = 8

/** A session's record is not what anybody means by it: that is the files below it. */
function noContents(part: Node): KhoError {
  const files = [...part.below()].flatMap(list => (list.path.endsWith('/files') ? [...list.below()] : []))
  const shown = files.slice(0, SHOWN).map(({ path }) => path)
  const more = files.length > SHOWN ? ` and ${files.length - SHOWN} more` : ''
  const hint =
    files.length === 0
      ? 'there is nothing below it'
      : `below it are ${shown.join(', ')}${more}; '${part.path}/files/*' with -o DIR/ takes all`
  return new KhoError('usage', `${part.path} (${part.what}) has no contents of its own`, { hint })
}

/** Ranges that continue each other, in the contents and in memory, are one. */
function addMissing(missing: MissingRange[], range: MissingRange): void {
  const last = missing.at(-1)
  const joins =
    last !== undefined &&
    last.end === range.start &&
    last.reason === range.reason &&
    (last.address === null
      ? range.address === null
      : range.address !== null && last.address + (last.end - last.start) === range.address)
  if (joins) last.end = range.end
  else missing.push(range)
}

import { join } from 'node:path'
import { KhoError } from '../../../formats/error.js'
import { isAddressText } from '../../../formats/layout/index.js'
import { type ExtractPlan, planExtract, refuseMissing, writeContents } from '../../extract/extract.js'
import type { KhoState } from '../../image/state.js'
import { holdsItems } from '../../model/kind.js'
import type { Node } from '../../model/node.js'
import { isPattern, outerParts } from '../../model/pattern.js'
import type { Content } from '../../model/piece.js'
import { fileFor, gapHash, makeFolder } from '../../node/output-folder.js'
import { openContentFile } from '../shared/content-file.js'
import { targetOf } from '../shared/target.js'
import type { Terminal } from '../shared/terminal.js'
import { warn } from '../shared/warn.js'

/** A file that was written into a folder. */
export interface WrittenFile {
  plan: ExtractPlan
  file: string
  /** SHA-256 of it; null where it is mostly holes and too large to be read through. */
  sha256: string | null
}

/** The list of digests, as `sha256sum -c` reads it. */
export const SUMS = 'SHA256SUMS'

/** Digests by what was written: several files may have one content. */
type Digests = Map<Content, string>

/** Holes are zeros to a digest: a file of 2^52 bytes without one folio would take for ever. */
const MOST_HASHED = 2 ** 37

/** The parts that paths and patterns name, each once; of patterns those that have contents of their own. */
export function partsOf(state: KhoState, paths: readonly string[]): Node[] {
  const parts = new Map<string, Node>()
  for (const path of paths) {
    const plain = isAddressText(path) || !isPattern(path)
    const found = plain
      ? [targetOf(state, path).part]
      : outerParts(state, path, { keeps: part => hasContents(state, part), within: holdsItems })
    if (found.length === 0)
      throw new KhoError('usage', `nothing that is like ${path} has contents of its own`)
    for (const part of found) parts.set(part.path, part)
  }
  return [...parts.values()]
}

/** A file, a region, an area, a blob of bytes: what a person means by it is its bytes. */
function hasContents(state: KhoState, part: Node): boolean {
  const { view } = part
  if (view.form !== 'one') return false
  const { kind, self } = view.thing
  if (kind.item === undefined) return false
  return part.content() !== null || (kind.item.content?.(self, state) ?? null) !== null
}

/**
 * Writes each part into a folder, and a list of digests beside them. All is planned before anything is written.
 *
 * @throws KhoError `broken-state` where the dump lacks some of it and `partial` is not set
 */
export function writeFolder(
  state: KhoState,
  parts: readonly Node[],
  folder: string,
  options: { partial: boolean; inputs: readonly string[] },
  terminal: Terminal,
): WrittenFile[] {
  const plans = parts.map(part => planExtract(state, part))
  if (!options.partial) for (const plan of plans) refuseMissing(plan)
  makeFolder(folder)
  const digests: Digests = new Map()
  const written = plans.map(plan => writeOne(state, plan, folder, options.inputs, digests, terminal))
  const sums = written.flatMap(({ sha256, plan }) =>
    sha256 === null ? [] : [`${sha256}  ${fileFor(folder, plan.path).name}\n`],
  )
  const list = openContentFile(join(folder, SUMS), options.inputs, terminal)
  try {
    const text = new TextEncoder().encode(sums.join(''))
    list.write(text, 0)
    list.finish(text.length)
  } finally {
    list.close()
  }
  return written
}

function writeOne(
  state: KhoState,
  plan: ExtractPlan,
  folder: string,
  inputs: readonly string[],
  digests: Digests,
  terminal: Terminal,
): WrittenFile {
  const { file: path } = fileFor(folder, plan.path)
  const known = digests.get(plan.content)
  const hashed = plan.size <= MOST_HASHED
  const hash = hashed && known === undefined ? gapHash() : null
  if (!hashed) warn(terminal, `${plan.path} has ${plan.size} bytes: it is not in ${SUMS}`)
  const file = openContentFile(path, inputs, terminal)
  try {
    writeContents(state, plan, (bytes, offset) => {
      file.write(bytes, offset)
      hash?.update(bytes, offset)
    })
    file.finish(plan.size)
  } finally {
    file.close()
  }
  const sha256 = known ?? hash?.digest(plan.size) ?? null
  if (sha256 !== null) digests.set(plan.content, sha256)
  return { plan, file: path, sha256 }
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isKhoError } from '../../../formats/error.js'
import { readingKernel } from '../../../formats/kernels/index.js'
import type { PageShift } from '../../../formats/memory/geometry.js'
import { mergeRanges, type Place, type Range } from '../../../formats/memory/range.js'
import { loadState } from '../../image/load-state.js'
import type { KhoImage } from '../../image/open.js'
import { decompress } from '../../node/decompress.js'
import { openFileSource } from '../../node/file-source.js'
import { openBytes } from '../../node/open.js'
import { validateNoRoot, validateState } from '../../validate/validate.js'
import type { Validation } from '../../validate/verdict.js'
import type { TableRow } from './table.js'

/** A broken image and what the kernel's own code did with it. */
export interface MalformedCase {
  id: string
  variant: string
  base: string
  description: string
  edits?: [number, string][]
  override_fdt_phys?: string
  override_scratch?: [string, number]
  kernel: { outcome: string }
}

/** What is known of an image of the corpus. */
export interface CorpusImage {
  page_shift: PageShift
  quirk?: boolean
  image: { base: string }
  ram: [string, string][]
  fdt_phys: string
  scratch: { descriptor_phys: string; descriptor_len: number; areas: [string, string][] }
  reserve_mem: { name: string; start: string; size: string }[]
}

/**
 * The kernel that reads the images of a folder, which is called after the string of its root and a release: `kho-v4-7.2`. Where
 * that release writes another string, the newest kernel with the string is meant.
 */
export function readerOf(folder: string): string {
  const [, compatible, release] = /^(.*)-([^-]*)$/.exec(folder) ?? []
  if (compatible === undefined || release === undefined) return folder
  return readingKernel(release).layout.compatible === compatible ? release : compatible
}

/** Contents of a JSON file of a corpus. */
function readJson<T>(folder: string, name: string): T {
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as T
}

/** Every broken image of a corpus. */
export function corpusCases(corpus: string): MalformedCase[] {
  return readJson<{ cases: MalformedCase[] }>(corpus, 'malformed.json').cases
}

const bases = new Map<string, Uint8Array>()

/** The bytes of an image of the corpus; a fresh copy each time. */
export async function corpusBytes(corpus: string, name: string): Promise<Uint8Array> {
  let bytes = bases.get(name)
  if (bytes === undefined) {
    const source = openFileSource(join(corpus, `${name}.img.zst`))
    const contents = await decompress(source, 'zst', { name })
    bytes = contents.read(0, contents.size)
    source.close()
    bases.set(name, bytes)
  }
  return bytes.slice()
}

/** An image of the corpus, with edits, and all that a kernel is told. */
export interface OpenedCase {
  image: KhoImage
  ram: Range[]
  root: number
  pageShift: PageShift
  scratch: Place
  reader: string
  readerCmdline: string
}

/** Opens an image of the corpus, with edits. */
export async function openCase(
  corpus: string,
  base: string,
  given: Partial<MalformedCase> = {},
): Promise<OpenedCase> {
  const expected = readJson<CorpusImage>(corpus, `${base}.expected.json`)
  const bytes = await corpusBytes(corpus, base)
  for (const [offset, hex] of given.edits ?? []) bytes.set(Buffer.from(hex, 'hex'), offset)
  // memblock_add() makes memory of the areas, and the images' list of RAM leaves some of them out.
  const listed = [...expected.ram, ...expected.scratch.areas]
  const ram = mergeRanges(listed.map(([start, end]) => ({ start: Number(start), end: Number(end) })))
  const image = await openBytes(bytes, { format: 'raw', base: Number(expected.image.base), ram })
  const { descriptor_phys: address, descriptor_len: size } = expected.scratch
  const scratch = given.override_scratch ?? [address, size]
  return {
    image,
    ram,
    root: Number(given.override_fdt_phys ?? expected.fdt_phys),
    pageShift: expected.page_shift,
    scratch: { address: Number(scratch[0]), size: scratch[1] },
    reader: readerOf(base.split('/')[0]!),
    readerCmdline: expected.reserve_mem.map(({ name, size }) => `reserve_mem=${size}:4096:${name}`).join(' '),
  }
}

/** How the state of a case is read, and judged. */
export function optionsOf(
  { ram, root, pageShift, scratch, reader, readerCmdline }: OpenedCase,
  absentIsZero: boolean,
) {
  const ramEnd = Math.max(...ram.map(range => range.end))
  const state = { root, pageShift, ramEnd, scratch, ...(absentIsZero ? { assumeZero: { ram } } : {}) }
  return { state, validate: { reader, readerCmdline, absentIsZero, ram } }
}

/** The verdict on a case that was opened. */
export function judgeCase(opened: OpenedCase, absentIsZero: boolean): Validation {
  const { image, root, pageShift, scratch } = opened
  const options = optionsOf(opened, absentIsZero)
  try {
    return validateState(loadState(image, options.state), options.validate)
  } catch (error) {
    if (!isKhoError(error) || error.code !== 'no-state') throw error
    const place = { address: root, why: error.message, pageShift, scratchLength: scratch.size }
    return validateNoRoot(image, place, options.validate)
  }
}

/** The verdict on an image of the corpus, with edits, whose kernel saw zeros wherever it has nothing. */
export async function judgeImage(
  corpus: string,
  base: string,
  given: Partial<MalformedCase> = {},
): Promise<Validation> {
  return judgeCase(await openCase(corpus, base, given), true)
}

/** A case of a corpus, as a row of a table: what the kernel's code did, in the words of outcomes. */
export async function corpusRow(corpus: string, entry: MalformedCase): Promise<TableRow> {
  const { outcome } = await judgeImage(corpus, entry.base, entry)
  const { kernel } = entry
  return {
    id: entry.id,
    predicted: outcome.word,
    kernel: kernel.outcome === 'no-effect' ? 'ok' : (kernel.outcome as TableRow['kernel']),
    rules: outcome.why,
    message: entry.description,
    note: '',
  }
}

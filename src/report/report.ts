import { KhoError } from '../../formats/error.js'
import { byteCollector } from '../image/byte-collector.js'
import type { StateOptions, StateOptionsData } from '../image/load-state.js'
import type { KhoState } from '../image/state.js'
import type { OutputFile } from '../node/output-file.js'
import { gzipped } from '../node/packed-output.js'
import { type SlimPlan, writeSlim } from '../slim/slim.js'
import { readForKernels } from '../validate/many.js'

/** An image as a page carries it. */
export interface CarriedImage {
  /** What the page calls it. */
  name: string
  /** How its state is to be read. */
  options: StateOptionsData
  /** An ELF core, gzipped. */
  bytes: Uint8Array
}

/** A page is one string to a browser, which has limits of its own well above this. */
const MOST_BYTES = 2 ** 28

/** What a page opens without asking anyone: built by `npm run build`. */
export const EXPLORER_PAGE = 'dist/explorer/explorer.html'

/** Where a built page takes what it carries. */
const PLACE = '<!--images-->'

/** A multiple of three bytes, so that their base64 can be put one after the other. */
const PIECE_BYTES = 3 * 2 ** 16

/** Reads what the page may be asked about a state, whichever kernel its reader chooses. */
export function readForPage(state: KhoState): void {
  readForKernels(state)
}

/**
 * An image to be carried, made of what `slim` keeps.
 *
 * @throws KhoError `usage` for one that is too large for a page
 */
export function carryImage(plan: SlimPlan, name: string, options: StateOptions): CarriedImage {
  const packed = byteCollector(MOST_BYTES, 0, () => tooLarge(name))
  const memory: OutputFile = { write: bytes => packed.push(bytes), finish() {}, close() {} }
  const file = gzipped(memory)
  file.finish(writeSlim(plan, file.write))
  const { progress: _, layouts, ...plain } = options
  const carried = layouts === undefined ? plain : { ...plain, layouts: layouts.files }
  return { name, options: carried, bytes: packed.bytes() }
}

function tooLarge(name: string): KhoError {
  return new KhoError(
    'usage',
    `what is kept of ${name} is more than ${MOST_BYTES / 2 ** 20} MiB, too much for a page`,
    {
      hint: 'leave --contents and --path out; the empty page (kho report -o FILE.html) opens files of any size',
    },
  )
}

/** Writes a page with at most two images in it; without one it waits for a file. */
export function writeReport(
  write: (text: string) => void,
  page: string,
  images: readonly CarriedImage[],
): void {
  const place = page.indexOf(PLACE)
  if (place < 0) throw new KhoError('missing', `${EXPLORER_PAGE} has no place for images`)
  write(page.slice(0, place))
  for (const [n, image] of images.entries()) writeImage(write, n === 0 ? 'a' : 'b', image)
  write(page.slice(place + PLACE.length))
}

function writeImage(write: (text: string) => void, side: 'a' | 'b', image: CarriedImage): void {
  const name = quoted(image.name)
  const state = quoted(JSON.stringify(image.options))
  // A type that is no script's: a browser does nothing with what is inside.
  write(`<script type="application/gzip" id="image-${side}" data-name=${name} data-state=${state}>\n`)
  for (let at = 0; at < image.bytes.length; at += PIECE_BYTES) {
    write(Buffer.from(image.bytes.subarray(at, at + PIECE_BYTES)).toString('base64'))
  }
  write('\n</script>\n')
}

/** A text as the value of an attribute. */
function quoted(text: string): string {
  const escaped = text.replace(/[&"<>\0]/g, character => `&#${character.charCodeAt(0)};`)
  return `"${escaped}"`
}

import { KhoError } from '../../formats/error.js'
import { findKernel } from '../../formats/kernels/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { KhoImage } from './open.js'
import { misplacedHint } from './shifted.js'

/** The error of an image without a root FDT: what was looked through, and what is likely the matter. */
export function noState(image: KhoImage): KhoError {
  const { path, container, memory } = image
  const ranges = memory.ranges
  const places = ranges.length === 1 ? `1 range` : `${ranges.length} ranges`
  const what = `${container}, ${mebibytes(memory.inputSize)} in ${places} of memory`
  const cut = image.dump.faults.find(({ code }) => code === 'DUMP-TRUNCATED')
  const whole = cut === undefined ? '' : `; the dump is cut short: ${cut.message}`
  const message = `${path} (${what}): no KHO state found: no page holds an FDT whose root is compatible with kho-v…${whole}`
  return new KhoError('no-state', message, { path, hint: likelyCause(image) })
}

function likelyCause(image: KhoImage): string {
  if (image.container === 'raw') return rawCause(image)
  const release = releaseOf(image)
  if (release !== null && findKernel(release) === null)
    return `the dump is of Linux ${release}, which has no KHO`
  const filtered = image.dump.faults.find(({ code }) => code === 'DUMP-FILTERED')
  const causes = [
    'the kernel ran without kho=on, or has handed nothing over',
    ...(filtered === undefined ? [] : ['the page is among those that makedumpfile left out']),
    'the dump is of the crash kernel itself, not of the kernel that crashed',
  ]
  const [last, ...first] = causes.reverse()
  return `likely ${first.reverse().join('; ')}; or ${last}`
}

/** Most bytes that are looked at to tell text. */
const TEXT_BYTES = 256

function rawCause({ memory }: KhoImage): string {
  const misplaced = misplacedHint(memory)
  if (misplaced !== null) return misplaced
  const [first] = memory.ranges
  const start = first === undefined ? 0 : first.start
  const head = first === undefined ? null : memory.read(start, Math.min(TEXT_BYTES, first.end - start))
  if (head?.ok === true && isText(head.bytes)) return 'the file is text, and was taken for raw memory'
  return (
    `the file has no magic, and was taken for raw memory that begins at ${hex(start)}: if it begins elsewhere, or has holes, ` +
    'try --base or --map; else the kernel ran without kho=on, or has handed nothing over'
  )
}

function isText(bytes: Uint8Array): boolean {
  return bytes.every(byte => byte === 9 || byte === 10 || byte === 13 || (byte >= 0x20 && byte < 0x7f))
}

function releaseOf({ dump }: KhoImage): string | null {
  return /^OSRELEASE=(.+)$/m.exec(dump.vmcoreinfo ?? '')?.[1] ?? null
}

function mebibytes(bytes: number): string {
  return bytes < 2 ** 20 ? `${bytes} bytes` : `${(bytes / 2 ** 20).toFixed(1).replace(/\.0$/, '')} MiB`
}

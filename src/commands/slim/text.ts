import { hex } from '../../../formats/memory/fault.js'
import type { JsonOf } from '../../render/json.js'
import type { Writer } from '../../render/writer.js'
import { keptBytes, type SlimPlan } from '../../slim/slim.js'
import type { schema } from './schema.js'

/** What was kept, and of what. */
export function slimJson(plan: SlimPlan, file: string, size: number): JsonOf<typeof schema> {
  const { record, kept, state } = plan
  const { source, contents, paths, redacted, excluded, absent } = record
  const sum = (ranges: readonly { start: number; end: number }[]) =>
    ranges.reduce((total, range) => total + range.end - range.start, 0)
  return {
    schema: 'kho/slim/1',
    file,
    size,
    source: { container: source.container, compression: source.compression, size: source.size },
    root: hex(state.root.address),
    roots: state.candidates.map(({ address }) => hex(address)),
    contents,
    paths: [...paths],
    redacted,
    keptBytes: keptBytes(plan),
    kept: kept.map(({ start, end }) => ({ start: hex(start), end: hex(end) })),
    excludedBytes: sum(excluded),
    absentBytes: sum(absent),
  }
}

/** The same for people. */
export function writeSlimText(write: Writer, plan: SlimPlan, file: string, size: number): void {
  const { record, kept, state } = plan
  const left = record.excluded.reduce((total, range) => total + range.end - range.start, 0)
  const roots = state.candidates.length
  write(`${file}: ${size} bytes\n`)
  write(`kept ${keptBytes(plan)} bytes in ${kept.length} ranges, of ${roots} root${roots === 1 ? '' : 's'}\n`)
  write(`cut ${left} bytes of ${record.source.container}\n`)
  if (record.redacted !== 'no') write(`redacted: ${record.redacted}\n`)
}

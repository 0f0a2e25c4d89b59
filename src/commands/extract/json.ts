import { hex } from '../../../formats/memory/fault.js'
import type { ExtractPlan } from '../../extract/extract.js'
import type { JsonOf } from '../../render/json.js'
import type { schema } from './schema.js'

/** What was written, and what could not be. */
export function extractJson(plan: ExtractPlan, file: string): JsonOf<typeof schema> {
  const { path, what, size, present, holes, missing, missingBytes, incomplete } = plan
  return {
    schema: 'kho/extract/1',
    path,
    what,
    file,
    size,
    written: present,
    holes,
    missingBytes,
    missing: missing.map(({ start, end, address, reason }) => ({
      start,
      end,
      address: address === null ? null : hex(address),
      reason,
    })),
    incomplete,
  }
}

import { join } from 'node:path'
import { hex } from '../../../formats/memory/fault.js'
import type { ExtractPlan } from '../../extract/extract.js'
import type { JsonOf } from '../../render/json.js'
import { SUMS, type WrittenFile } from './folder.js'
import type { folder, oneFile } from './schema.js'

/** What was written, and what could not be. */
export function extractJson(plan: ExtractPlan, file: string): JsonOf<typeof oneFile> {
  return { schema: 'kho/extract/1', ...fileJson(plan, file) }
}

/** The same of a folder of files. */
export function folderJson(written: readonly WrittenFile[], name: string): JsonOf<typeof folder> {
  return {
    schema: 'kho/extract/1',
    folder: name,
    sums: join(name, SUMS),
    files: written.map(({ plan, file, sha256 }) => ({ ...fileJson(plan, file), sha256 })),
  }
}

function fileJson(plan: ExtractPlan, file: string) {
  const { path, what, size, present, holes, missing, missingBytes, incomplete } = plan
  return {
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

import { hex } from '../../formats/memory/fault.js'
import type { Finding } from '../validate/verdict.js'
import type { JsonOf } from './json.js'
import type { finding as schema } from './schema-parts.js'

/** A finding as every command's JSON has it. */
export function findingJson(finding: Finding): JsonOf<typeof schema> {
  const { rule, severity, message, path, address, offset, count } = finding
  return { rule, severity, message, path, address: address === null ? null : hex(address), offset, count }
}

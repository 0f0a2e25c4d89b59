import { hex } from '../../formats/memory/fault.js'
import type { Finding, Validation } from '../validate/verdict.js'
import type { JsonValue } from './json.js'

/** A finding as every command's JSON has it. */
export function findingJson(finding: Finding): JsonValue {
  const { rule, severity, message, path, address, offset, count } = finding
  return { rule, severity, message, path, address: address === null ? null : hex(address), offset, count }
}

/** The document of `kho validate --json`. */
export function validationJson({ outcome, coverage, findings }: Validation): JsonValue {
  return {
    schema: 'kho/validate/1',
    outcome: { ...outcome },
    coverage: { ...coverage },
    findings: findings.map(findingJson),
  }
}

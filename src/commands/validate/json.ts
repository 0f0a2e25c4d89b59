import { findingJson } from '../../render/finding-json.js'
import type { JsonOf } from '../../render/json.js'
import type { Validation } from '../../validate/verdict.js'
import type { schema } from './schema.js'

/** The document of `kho validate --json`. */
export function validationJson({ outcome, coverage, findings }: Validation): JsonOf<typeof schema> {
  return {
    schema: 'kho/validate/1',
    outcome: { ...outcome },
    coverage: { ...coverage },
    findings: findings.map(findingJson),
  }
}

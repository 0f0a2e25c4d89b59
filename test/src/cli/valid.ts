import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'vitest'
import { schemaOf } from '../../../src/render/schema.js'

/** A document keeps to the schema that `kho schema NAME` prints. */
export function expectValid(name: string, document: unknown): void {
  const validate = new Ajv2020({ strict: false }).compile(schemaOf(name)!)
  validate(document)
  expect(validate.errors).toBeNull()
}

import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'vitest'
import { toJSONSchema } from 'zod'
import type { CommandEntry } from '../../../src/commands/shared/command.js'
import { COMMANDS } from '../../../src/commands/table.js'

/** The JSON Schema of every command that has one. */
export const SCHEMAS: ReadonlyMap<string, object> = new Map(await Promise.all(COMMANDS.flatMap(schemaOf)))

function schemaOf({ name, schema }: CommandEntry): Promise<[string, object]>[] {
  return schema === undefined ? [] : [schema().then(module => [name, toJSONSchema(module.schema)])]
}

/** A document keeps to the schema that `kho schema NAME` prints. */
export function expectValid(name: string, document: unknown): void {
  const validate = new Ajv2020({ strict: false }).compile(SCHEMAS.get(name)!)
  validate(document)
  expect(validate.errors).toBeNull()
}

import { KhoError } from '../../../formats/error.js'
import { DAMAGES, type DamageChoice } from '../../damage/index.js'
import { nameAmong } from './names.js'
import type { OptionSpec } from './option-specs.js'

/** `--damage RULE[:SEED]`, for commands that break a state on purpose. */
export const DAMAGE: OptionSpec = {
  name: 'damage',
  value: 'RULE[:SEED]',
  about: 'break the result in the way that a rule describes',
  parse: parseDamage,
  repeat: true,
}

/** A number that decides what the user does not. Throws `usage`. */
export function parseSeed(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new KhoError('usage', `'${text}' is no seed; write a number such as 7`)
}

function parseDamage(text: string): DamageChoice {
  const [rule = '', seed, more] = text.split(':')
  if (more !== undefined) {
    throw new KhoError('usage', `'${text}' is no damage; write a rule such as RADIX-CYCLE, or RADIX-CYCLE:7`)
  }
  const name = nameAmong(rule, Object.keys(DAMAGES), 'damage', 'kho damage IMAGE --list')
  return { rule: name, seed: seed === undefined ? 1 : parseSeed(seed) }
}

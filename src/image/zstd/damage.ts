import { KhoError } from '../../../formats/error.js'

/** The error for data that no zstd encoder writes; who knows the file and the offset adds them. */
export function damage(what: string): KhoError {
  return new KhoError('unreadable', what)
}

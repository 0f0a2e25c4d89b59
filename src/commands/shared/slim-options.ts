import { KhoError } from '../../../formats/error.js'
import type { SlimOptions } from '../../slim/slim.js'
import { version } from './version.js'

/** What is kept of an image, for a file or for a page. */
export interface KeepOptions {
  contents?: boolean
  path?: string[]
  redact?: boolean
  hash?: boolean
}

/** Throws `usage` for what does not go together. */
export function checkKeep({ hash, redact }: KeepOptions): void {
  if (hash === true && redact !== true) throw new KhoError('usage', '--hash goes with --redact')
}

/** The same, as slimming takes it. */
export function keepSettings({ contents, path, redact, hash }: KeepOptions): SlimOptions {
  return {
    version: version(),
    contents: contents === true,
    paths: path ?? [],
    redact: redact === true,
    hash: hash === true,
  }
}

import type { CompiledLayout } from '../../formats/described/index.js'
import { KhoError } from '../../formats/error.js'
import { MOST_LAYOUT_BYTES, parseLayout } from '../layouts/layout-file.js'
import { openFileSource } from './file-source.js'

/** Reads a description of structures. Throws `unreadable` for what is no file, `usage` for what is wrong in it. */
export function readLayout(path: string): CompiledLayout {
  const file = openFileSource(path)
  try {
    if (file.size > MOST_LAYOUT_BYTES) {
      throw new KhoError('usage', `${path} has ${file.size} bytes, too many for a layout`, { path })
    }
    return parseLayout(new TextDecoder().decode(file.read(0, file.size)), path)
  } finally {
    file.close()
  }
}

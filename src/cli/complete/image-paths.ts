import { statSync } from 'node:fs'
import { parsePath } from '../../../formats/layout/path.js'
import { openOptionsOf, stateOptionsOf } from '../../commands/shared/open-state.js'
import type { ImageOptions } from '../../commands/shared/options.js'
import { loadState } from '../../image/load-state.js'
import { resolve } from '../../model/resolve.js'
import { openImage } from '../../node/open.js'

/** Who waits for a list waits no longer. */
const MOST_MS = 2000

/** A compressed image is unpacked before it is looked at: only small ones. */
const MOST_PACKED = 2 ** 26

const MOST_PATHS = 1000

/**
 * Paths in the state of an image that begin with `prefix`, one step further: what goes on below them ends in `/`. They are as they
 * are written in a path, so that no name is more than a name to a shell. Empty where the image does not tell in time.
 */
export async function imagePaths(image: string, options: ImageOptions, prefix: string): Promise<string[]> {
  if (image === '-' || image.startsWith('qmp:') || isLarge(image)) return []
  const stateOptions = await stateOptionsOf(options, {})
  const opened = await openImage(image, openOptionsOf(options))
  try {
    const end = Date.now() + MOST_MS
    const progress = () => {
      if (Date.now() > end) throw new Error('the image is too large to be searched now')
    }
    const state = loadState(opened, { ...stateOptions, progress })
    const cut = prefix.lastIndexOf('/') + 1
    const base = resolve(state, cut < 2 ? '/' : prefix.slice(0, cut - 1))
    const names = base.names().filter(name => name.startsWith(prefix.slice(cut)))
    const found = names.slice(0, MOST_PATHS).map(name => {
      const [segment] = parsePath(`/${name}`)
      const part = segment === undefined ? null : base.step(segment)
      const more = part !== null && part.names().length > 0
      return `${prefix.slice(0, cut)}${name}${more ? '/' : ''}`
    })
    // A part is a path, too, and not only the way to what is in it: whoever has written all of its name may mean that.
    return found.includes(`${prefix}/`) ? [prefix, ...found] : found
  } finally {
    opened.close()
  }
}

function isLarge(image: string): boolean {
  return /\.(gz|zst)$/i.test(image) && statSync(image).size > MOST_PACKED
}

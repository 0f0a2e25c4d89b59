import type { Command } from 'commander'
import type { ImageOptions } from './options.js'

/** The options of the first image, but for those that `--b-…` gives. */
export function secondOptions<T extends ImageOptions>(options: T, command: Command): T {
  return { ...options, ...secondGiven(command) }
}

/** Options that were given with the prefix, without it. */
export function secondGiven(command: Command): Partial<ImageOptions> {
  const given = Object.entries(command.opts()).flatMap(([key, value]) => {
    if (!/^b[A-Z]/.test(key) || command.getOptionValueSource(key) === 'default') return []
    return [[key.charAt(1).toLowerCase() + key.slice(2), value]]
  })
  return Object.fromEntries(given) as Partial<ImageOptions>
}

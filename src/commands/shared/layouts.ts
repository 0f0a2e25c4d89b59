import { type LayoutSet, layoutSet } from '../../../formats/described/index.js'
import type { OptionSpec } from './option-specs.js'
import { addInput, type Terminal } from './terminal.js'

/** For commands that look into what handlers, FLBs and children hand over, or make it. */
export const LAYOUT: OptionSpec = {
  name: 'layout',
  value: 'FILE',
  about: 'a description of structures that a handler, FLB or child hands over',
  repeat: true,
  group: 'state',
}

/** Reads the files that were given; null where none was. What reads YAML is loaded where there is some. */
export async function layoutsOf(
  paths: readonly string[] | undefined,
  terminal: Pick<Terminal, 'inputs'>,
): Promise<LayoutSet | null> {
  if (paths === undefined) return null
  const { readLayout } = await import('../../node/layout-input.js')
  for (const path of paths) addInput(terminal, path)
  return layoutSet(paths.map(readLayout))
}

import picocolors from 'picocolors'
import type { Palette } from '../../render/view-text.js'

/** Colours for text, or none. */
export function paletteOf(color: boolean): Palette {
  const c = picocolors.createColors(color)
  return { label: c.bold, strong: c.cyan, faint: c.dim, good: c.green, warning: c.yellow, bad: c.red }
}

import { grouped } from '../../render/plain-text.js'

export { grouped as countText, nameText, unitText as sizeText } from '../../render/plain-text.js'

/** An address or a size as the kernel prints it. */
export function hexText(value: number): string {
  return `0x${value.toString(16)}`
}

/** A part of a whole, in percent. */
export function shareText(part: number, whole: number): string {
  const percent = (100 * part) / whole
  return percent > 0 && percent < 0.1 ? 'below 0.1 %' : `${percent.toFixed(percent < 10 ? 1 : 0)} %`
}

/** `1 file`, `1,024 files`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** A size as people read it: `1.5 MiB`. */
export function sizeText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  const shown = unit === 0 || Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1)
  return `${shown} ${UNITS[unit]}`
}

/** An address or a size as the kernel prints it. */
export function hexText(value: number): string {
  return `0x${value.toString(16)}`
}

/** A number with thin spaces between thousands. */
export function countText(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ')
}

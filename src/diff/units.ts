const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

/** An exact size: in the largest unit of which it is a multiple. */
export function inUnits(bytes: number): string {
  let unit = 0
  let value = bytes
  while (value > 0 && value % 1024 === 0 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${value} ${UNITS[unit]}`
}

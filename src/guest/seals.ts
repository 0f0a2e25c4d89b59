/** F_SEAL_SEAL: no seals can be added. */
const SEALED = 1

/**
 * The seals of a memfd that was taken back. Version 1 hands over none, and the next kernel makes a file that cannot be sealed
 * any more: alloc_file() without MFD_ALLOW_SEALING, mm/memfd_luo.c of 6.19.
 */
export function sealsAfter<T extends number | null>(seals: T, memfdVersion: 1 | 2 | null): T | typeof SEALED {
  return memfdVersion === 1 ? SEALED : seals
}

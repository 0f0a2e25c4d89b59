import { MEMFD_LUO_FOLIO_SER, offsetOf } from '../layout/index.js'
import { u64 } from '../memory/u64.js'

/*
 * struct memfd_luo_folio_ser, one entry of a folio list, a number at a time: lists have millions. include/linux/kho/abi/memfd.h,
 * 6.19 to 7.3: bits 51:0 of the first word are the page frame number, 63:52 the flags.
 */
const WORD = offsetOf(MEMFD_LUO_FOLIO_SER, 'word')
const INDEX = offsetOf(MEMFD_LUO_FOLIO_SER, 'index')
/** Of the word's upper half: where the flags begin. */
const FLAGS_SHIFT = 20
const HIGH_PFN = 2 ** FLAGS_SHIFT - 1

/** Page frame number of a folio's head, below 2^52; 0 is a hole. */
export function folioPfn(view: DataView, at: number): number {
  const high = view.getUint32(at + WORD + 4, true)
  return view.getUint32(at + WORD, true) + (high & HIGH_PFN) * 2 ** 32
}

/** Bit 0 dirty, bit 1 up to date. */
export function folioFlags(view: DataView, at: number): number {
  return view.getUint32(at + WORD + 4, true) >>> FLAGS_SHIFT
}

/** Page offset in the file; inexact from 2^53 on. */
export function folioIndex(view: DataView, at: number): number {
  return u64(view, at + INDEX)
}

/** Writes an entry. The numbers fit: a page frame number of 52 bits, flags of 12. */
export function writeFolio(view: DataView, at: number, pfn: number, flags: number, index: number): void {
  view.setUint32(at + WORD, pfn % 2 ** 32, true)
  view.setUint32(at + WORD + 4, Math.floor(pfn / 2 ** 32) + flags * 2 ** FLAGS_SHIFT, true)
  view.setBigUint64(at + INDEX, BigInt(index), true)
}

import {
  LUO_FEATURE_HDR,
  LUO_FEATURES_ALL,
  LUO_PARTS_COMPATIBLE,
  LUO_SER,
  LUO_SER_FLAGS,
  LUO_SER_PARTS,
  LUO_STRUCT_COMPATIBLE,
  type LuoForm,
  offsetOf,
  type Struct,
} from '../layout/index.js'
import type { LuoFeatures } from './luo-types.js'
import type { BlobFormat } from './types.js'

/** What LUO's blob says in whatever form. */
export interface LuoHead {
  format: BlobFormat
  struct: Struct
  /** In words where the form has no such string. */
  compatible: string
  features: LuoFeatures | null
  liveupdateNum: bigint
  sessionsPa: number | null
  flbsPa: number | null
}

/** More bits than this are no mask of features, but something else. */
const MOST_FEATURES = 1n << 16n

/**
 * Reads a form that was posted and is in no release, by the blob's size and what is in it; null for all others. A
 * released reader panics at either.
 */
export function readPostedHead(bytes: Uint8Array): LuoHead | null {
  if (bytes.length === LUO_SER_PARTS.size) {
    const ser = LUO_SER_PARTS.read(bytes)
    const fits = ser.compatible.startsWith(`${LUO_STRUCT_COMPATIBLE};`)
    return fits ? { ...ser, format: 'luo-parts', struct: LUO_SER_PARTS, features: null } : null
  }
  if (bytes.length !== LUO_SER_FLAGS.size) return null
  const { features, ...ser } = LUO_SER_FLAGS.read(bytes)
  const { supp, req, active, reserved } = features
  const contained = (active & ~supp) === 0n && (req & ~supp) === 0n
  if (supp === 0n || supp >= MOST_FEATURES || !contained || reserved.some(byte => byte !== 0)) return null
  const compatible = `features 0x${active.toString(16)}, required 0x${req.toString(16)}`
  return {
    ...ser,
    format: 'luo-features',
    struct: LUO_SER_FLAGS,
    compatible,
    features: { supported: supp, required: req, active },
  }
}

/** Sizes of the posted forms. */
export const POSTED_SIZES: readonly number[] = [LUO_SER_PARTS.size, LUO_SER_FLAGS.size]

/** The form of 7.2. */
export function readReleasedHead(bytes: Uint8Array): LuoHead {
  return { ...LUO_SER.read(bytes), format: 'luo-v5', struct: LUO_SER, features: null }
}

/** What every form has behind its head. */
export interface LuoTail {
  liveupdateNum: bigint
  sessionsPa: number
  flbsPa: number
}

const RESERVED = LUO_FEATURE_HDR.size - offsetOf(LUO_FEATURE_HDR, 'reserved')

/** Writes LUO's structure in one of its forms, and gives its size. */
export function writeLuoHead(bytes: Uint8Array, form: LuoForm, tail: LuoTail): number {
  switch (form) {
    case 'released':
      LUO_SER.write(bytes, 0, { compatible: LUO_STRUCT_COMPATIBLE, ...tail })
      return LUO_SER.size
    case 'parts':
      LUO_SER_PARTS.write(bytes, 0, { compatible: LUO_PARTS_COMPATIBLE, ...tail })
      return LUO_SER_PARTS.size
    case 'features': {
      const all = LUO_FEATURES_ALL
      LUO_SER_FLAGS.write(bytes, 0, {
        features: { supp: all, req: all, active: all, reserved: new Uint8Array(RESERVED) },
        ...tail,
      })
      return LUO_SER_FLAGS.size
    }
  }
}

/** Takes the sessions out of a structure again: before the reboot call it leads to none. */
export function blankSessions(bytes: Uint8Array, form: LuoForm): void {
  const struct: Struct = { released: LUO_SER, parts: LUO_SER_PARTS, features: LUO_SER_FLAGS }[form]
  struct.write(bytes, 0, { ...struct.read(bytes), sessionsPa: 0 })
}

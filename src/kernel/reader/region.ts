/** One reserve_mem= that a kernel is asked for. Null where only its name is known: whatever is handed over is asked for. */
export interface RegionWish {
  name: string
  size: number | null
  align: number | null
}

/** What a kernel finds where a region should be: libfdt's answers, and the values. */
export interface RegionLook {
  /** Offset of the node, or the negative number of an error. */
  node: number
  /** 0 for a node that is compatible. */
  compatible: number
  start: bigint | null
  size: bigint | null
}

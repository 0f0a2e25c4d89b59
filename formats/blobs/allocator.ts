/** Where encoders get pages from. */
export interface PageAllocator {
  /** That many physically contiguous pages, zeroed. The caller sees to it that they are preserved. */
  allocate(pages: number): Allocation
}

/** Pages of one's own. */
export interface Allocation {
  /** Physical address. */
  address: number
  /** The pages themselves: what is written here is in memory. */
  bytes: Uint8Array
}

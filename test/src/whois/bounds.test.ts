import { describe, expect, it } from 'vitest'
import type { KhoError } from '../../../formats/error.js'
import type { KhoState } from '../../../src/image/state.js'
import { nodePieces, traceBlock } from '../../../src/owners/tracker-trace.js'
import { checkMap, whois } from '../../../src/whois/whois.js'
import { machine } from '../owners/synthetic.js'

describe('a map that says nothing', () => {
  const state = (map: string, reason: string | null, candidates: object[] = []) =>
    ({
      tracker: { state: map, reason, format: null, reading: null },
      root: { address: 0x5000 },
      candidates,
    }) as unknown as KhoState
  const candidate = (map: string, address: number) => ({ state: map, address, direction: 'outgoing' })

  it.each(['live', 'partial'])('is not one that is %s', map =>
    expect(checkMap(state(map, null))).toBeUndefined(),
  )

  it('is refused, with the reason where there is one', () => {
    expect(() => checkMap(state('stale', 'it was overwritten'))).toThrow(
      'preserved memory is stale: it was overwritten',
    )
    expect(() => checkMap(state('absent', null))).toThrow(/preserved memory is absent$/)
    expect(() => checkMap(state('absent', null))).toThrow(
      expect.objectContaining({ code: 'broken-state', place: { address: 0x5000 } }),
    )
  })

  it('is refused with a hint at another root whose map is live', () => {
    const hintOf = (...candidates: object[]) => {
      try {
        checkMap(state('stale', null, candidates))
      } catch (error) {
        return (error as KhoError).place.hint
      }
      return expect.unreachable()
    }
    expect(hintOf(candidate('stale', 0x6000), candidate('live', 0x7000))).toBe(
      '--root 0x7000 (outgoing) has a live map',
    )
    expect(hintOf(candidate('live', 0x5000), candidate('stale', 0x6000))).toBeUndefined()
    expect(hintOf()).toBeUndefined()
  })

  it('leads to no bit, also where its format is known, and it was not read', () => {
    const none = state('absent', null)
    const unread = { ...none, tracker: { ...none.tracker, format: 'radix-tree' } } as KhoState
    for (const map of [none, unread])
      expect([traceBlock(map, 0x5000, 0), nodePieces(map, {} as never)]).toEqual([[], []])
  })
})

describe('an address at a border', () => {
  it('has the blocks before and behind its own, and before and behind its page where it is in none', async () => {
    const made = machine()
    const [one, two, three] = [made.allocate(1), made.allocate(4), made.allocate(1)].map(
      ({ address }) => address,
    )
    for (const [n, address] of [one!, two!, three!].entries())
      made.addBlob({ name: `b${n}`, address, size: 16 })
    const state = await made.state()
    const around = (address: number) => {
      const { previous, next, block } = whois(state, BigInt(address))
      return [previous?.address ?? null, block?.address ?? null, next?.address ?? null]
    }
    const [before, , behind] = around(two!)
    expect(around(two! + 3 * 4096 + 4095)).toEqual([before, two, behind])
    expect([before! < two!, behind! >= two! + 4 * 4096]).toEqual([true, true])
    expect(around(0)).toEqual([null, null, expect.any(Number)])
    expect(around(1)[0]).toBeNull()
    const gap = two! + 4 * 4096
    if (behind !== gap) expect(around(gap + 5)).toEqual([two, null, behind])
    const last = around(2 ** 52 - 1)
    expect([last[1], last[2]]).toEqual([null, null])
    expect(whois(state, 2n ** 52n)).toMatchObject({
      preserved: false,
      previous: null,
      next: null,
      owners: [],
      overlapping: [],
      trackerPath: [],
    })
    expect(whois(state, 2n ** 52n).hints).toEqual(['this is 2^52 or more: no physical address'])
  })

  it('in a block has as the next one that behind its end, whatever else lies in it', async () => {
    const made = machine()
    const block = made.allocate(4).address
    made.tracker.preserve(block + 2 * 4096, 0)
    const behind = made.allocate(1).address
    const state = await made.state()
    expect(whois(state, BigInt(block + 4096)).next).toEqual({ address: behind, order: 0 })
    expect(whois(state, BigInt(block + 2 * 4096))).toMatchObject({
      block: { address: block + 2 * 4096, order: 0 },
      overlapping: [{ address: block, order: 2 }],
      previous: { address: block, order: 2 },
    })
  })

  it('is of blobs that begin in its block, in the order of the state, and of none that reach into it', async () => {
    const made = machine()
    const base = made.allocate(4).address
    const block = base + 2 * 4096
    made.tracker.unpreserve(base, 2)
    made.tracker.preserve(base + 4096, 0)
    made.tracker.preserve(block, 1)
    made.addBlob({ name: 'first', address: block + 16, size: 16 })
    made.addBlob({ name: 'second', address: block + 4096 + 64, size: 16 })
    made.addBlob({ name: 'reaches', address: block - 4096, size: 4096 + 8 })
    const state = await made.state()
    const paths = (address: number) => whois(state, BigInt(address)).owners.map(({ path }) => path)
    expect(paths(block)).toEqual(['blobs/first', 'blobs/reaches'])
    expect(paths(block + 4096)).toEqual(['blobs/first', 'blobs/second'])
  })

  it('is taken for a page frame number only where it is not preserved, and that page is', async () => {
    const made = machine()
    for (const page of [0x10000, 0x11000]) made.preserve(page)
    for (const frame of [0x10000, 0x12000]) made.preserve(frame * 4096)
    const state = await made.state()
    const hints = (address: bigint) => whois(state, address).hints
    expect(hints(0x12000n)).toEqual([
      'if a page frame number was meant: its page is at 0x12000000, which is preserved',
    ])
    expect([hints(0x10000n), hints(0x11000n), hints(0x13000n)]).toEqual([[], [], []])
    expect(hints(0x13005n)).toEqual(['not page aligned: 0x5 bytes into the page at 0x13000'])
  })

  it('is in scratch up to its last byte', async () => {
    const whole = await machine().state()
    const area = { start: 0x4000, size: 0x2000 }
    const state = { ...whole, scratch: [area] } as unknown as KhoState
    const kinds = [area.start - 1, area.start, area.start + area.size - 1, area.start + area.size].map(
      address => whois(state, BigInt(address)).memory === 'scratch',
    )
    expect(kinds).toEqual([false, true, true, false])
  })

  it('names 64 owners of a page, and counts the others', async () => {
    const made = machine()
    const { address } = made.allocate(1)
    for (let n = 0; n < 70; n++) made.addBlob({ name: `b${n}`, address: address + n * 16, size: 16 })
    const { owners, moreOwners } = whois(await made.state(), BigInt(address))
    expect([owners.length, moreOwners]).toEqual([64, 6])
    expect(owners.slice(0, 3).map(({ path }) => path)).toEqual(['blobs/b0', 'blobs/b1', 'blobs/b2'])
  })

  it('of the kernel looks like what its range is', async () => {
    const state = await machine().state()
    const says = (address: bigint) => whois(state, address).hints[0]
    const page = (address: bigint) => says(address)?.replace(/^this looks like (.*?)[;,].*$/, '$1')
    expect(page(0xffff_8880_0000_0000n)).toBe('a kernel virtual address in the direct map')
    expect(page(0xffff_c87f_ffff_ffffn)).toBe('a kernel virtual address in the direct map')
    expect(page(0xffff_c880_0000_0000n)).toBe('a kernel virtual address')
    expect(page(0xffff_0000_0000_0000n)).toBe('a kernel virtual address')
    expect(says(0xfffe_ffff_ffff_ffffn)).toBe('this is 2^52 or more: no physical address')
    const arm = {
      ...state,
      image: { ...state.image, dump: { ...state.image.dump, machine: 'aarch64' } },
    } as KhoState
    expect(whois(arm, 0xffff_8880_0000_0000n).hints).toEqual([
      'this looks like a kernel virtual address, not a physical one',
    ])
  })
})

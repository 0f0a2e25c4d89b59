import { expect, it } from 'vitest'
import { mergeRanges, type Range, subtractRanges } from '../../../formats/memory/range.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { bootState } from '../../../src/boot/boot.js'
import { chooseAccelerator } from '../../../src/guest/accel.js'
import type { GdbStub } from '../../../src/guest/gdb-stub.js'
import { startGuest } from '../../../src/guest/guest.js'
import { findProgram } from '../../../src/guest/programs.js'
import { loadState } from '../../../src/image/load-state.js'
import { makeTempFolder } from '../../../src/node/temp-folder.js'
import { askGuest } from '../../../src/replay/debugger.js'
import { prepareReplay } from '../../../src/replay/prepare.js'
import { writeStateFiles } from '../../../src/replay/replay.js'
import { beginningOf } from '../../../src/replay/write-boot-files.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { describeWithKernel } from '../../material.js'
import { imageOf, scenarioOf } from '../simulate/dump.js'

const GIB = 2 ** 30
/** Comes after kho_memory_init_early(), in free_area_init(): mm/mm_init.c of 7.3. */
const AFTER = 'sparse_init'
/** MEMBLOCK_KHO_SCRATCH: include/linux/memblock.h. */
const KHO_SCRATCH = 0x40

/** struct memblock up to memory.regions, and struct memblock_region: include/linux/memblock.h, without NUMA or with it. */
async function memoryRegions(gdb: GdbStub, memblock: bigint): Promise<(Range & { flags: number })[]> {
  const head = viewOf((await gdb.readVirtual(memblock, 48))!)
  const count = Number(head.getBigUint64(16, true))
  const table = viewOf((await gdb.readVirtual(head.getBigUint64(40, true), count * 24))!)
  return Array.from({ length: count }, (_, n) => {
    const start = Number(table.getBigUint64(n * 24, true))
    const size = Number(table.getBigUint64(n * 24 + 8, true))
    return { start, end: start + size, flags: table.getUint32(n * 24 + 16, true) }
  })
}

describeWithKernel('7.3.4', 'memory that early boot of 7.3 may use besides scratch', kernel => {
  it.each([
    [4, []],
    [5, []],
    [6, [0x140000000, 0x1c0000000]],
  ])(
    'of a guest of %i GiB, with blocks at %j, is what the kernel itself has marked',
    async (gib, blocks) => {
      const scenario = scenarioOf({
        machine: {
          kernel: '7.3',
          ram: ['0-640K', '1M-2G', `4G-${gib + 2}G`],
          avoid: ['0-64M', '512M-2G', `4G-${gib + 2}G`],
          scratch: [
            { address: '0x18000000', size: '32M' },
            { address: '0x08000000', size: '96M' },
          ],
        },
        seed: 3,
        calls: [
          { reserve_mem: { name: 'trace', size: '64K' } },
          ...blocks.map(address => ({ preserve_folio: { address, order: 2 } })),
          'kexec',
        ],
      })
      const simulation = simulate(scenario, { at: 'early' })
      const image = await imageOf(simulation)
      const state = loadState(image, { root: simulation.root!, abi: 'kho-v4', pageShift: 12 })
      const preparation = prepareReplay(state, { kernel, memory: gib * GIB, fixedAddresses: true })
      const accelerator = chooseAccelerator(findProgram('qemu'))
      const symbols = await askGuest({ kernel, accelerator }, preparation.initrd, [AFTER, 'memblock'])
      const folder = makeTempFolder()
      const files = writeStateFiles(folder.path, state, preparation)
      const { cmdline, memory } = preparation
      const guest = await startGuest(
        {
          ...beginningOf(files, preparation.plan),
          ...(files.initrd === null ? {} : { initrd: files.initrd }),
          cmdline,
          memory,
          accelerator,
          load: [files.state],
          paused: true,
        },
        { folder: folder.path, limit: 60 },
      )
      try {
        const gdb = await guest.gdb()
        expect(await gdb.setBreakpoint(symbols.get(AFTER)!)).toBe(true)
        expect(await gdb.resume()).toBe(true)
        const regions = await memoryRegions(gdb, symbols.get('memblock')!)
        const marked = mergeRanges(regions.filter(({ flags }) => (flags & KHO_SCRATCH) !== 0))
        const scratch = mergeRanges(state.scratch!.map(({ start, size }) => ({ start, end: start + size })))
        const ram = mergeRanges(regions.map(({ start, end }) => ({ start, end })))
        // The firmware of this machine keeps a little of it to itself.
        const here = { ...state, image: { ...state.image, ramKnown: ram } }
        const boot = bootState(here, { reader: '7.3.4', ram, absentIsZero: true })
        expect(mergeRanges(boot.extended!)).toEqual(subtractRanges(marked, scratch))
        expect(boot.extended!.length).toBeGreaterThan(0)
      } finally {
        await guest.stop()
        folder.remove()
        image.close()
      }
    },
    200_000,
  )
})

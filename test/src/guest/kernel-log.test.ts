import { describe, expect, it } from 'vitest'
import { readKernelLog, readReservations } from '../../../src/guest/kernel-log.js'

describe('readKernelLog', () => {
  it('reads what a kernel says that takes a state over', () => {
    const log = readKernelLog([
      '<5>[    0.000000] Linux version 7.2.13-khotest (root@vm) (gcc) #1 SMP PREEMPT',
      '<6>[    0.000000] KHO: found kexec handover data.',
      "<6>[    0.175000] Revived memory reservation 'khotrace' from KHO",
      '<6>[    0.200000] luo: Retrieved live update data, liveupdate number: 41',
      '<6>[    0.300000] KHO: exec from: made-by-hand-1.0 (count 6)',
      '<6>[    0.400000] test_kho: KHO restore succeeded',
      '<6>[    0.500000] liveupdate test: Registered 3 FLBs with file handler: [memfd-v2]',
    ])
    expect(log).toMatchObject({
      release: '7.2.13-khotest',
      found: true,
      disabled: false,
      execFrom: { release: 'made-by-hand-1.0', count: 6 },
      liveupdateNumber: 41,
      testKho: 'succeeded',
      revived: ['khotrace'],
      complaints: [],
      warnings: [],
      oops: null,
      panic: null,
    })
    expect(log.messages).toHaveLength(6)
  })

  it('reads refusals', () => {
    const log = readKernelLog([
      "[    0.000000] KHO: setup: handover FDT (0x60d000) is incompatible with 'kho-v4': -22",
      '[    0.000000] KHO: disabling KHO revival',
      '[    0.000000] KHO: scratch areas: lowmem: 32MiB global: 96MiB pernode: 64MiB',
      '[    0.100000] luo: Disabling liveupdate because KHO is disabled',
    ])
    expect(log).toMatchObject({ found: false, disabled: true })
    expect(log.complaints).toEqual([
      "KHO: setup: handover FDT (0x60d000) is incompatible with 'kho-v4': -22",
      'KHO: disabling KHO revival',
      'luo: Disabling liveupdate because KHO is disabled',
    ])
  })

  it.each([
    "FDT 'memblock' is incompatible with 'memblock-v1': -22",
    "Node 'trace' is incompatible with 'reserve-mem-v1': -22",
    "FDT 'memblock' has no child 'trace'",
    'BUG: Bad page state in process swapper  pfn:0000b',
  ])('takes %s for a complaint, and for nothing worse', line => {
    const log = readKernelLog([`[    0.100000] ${line}`])
    expect(log).toMatchObject({ complaints: [line], oops: null, panic: null, messages: [line] })
  })

  it('names the function of a warning, of an oops and the reason of a panic', () => {
    const log = readKernelLog([
      '[    0.1] WARNING: mm/memblock.c:1234 at reserve_mem+0x10/0x20, CPU#0: swapper/0',
      '[    0.1] RIP: 0010:reserve_mem+0x10/0x20',
      '[    0.2] WARNING: CPU: 0 PID: 1 at kernel/x.c:9 kho_restore_page+0x1/0x2',
      '[    0.3] BUG: unable to handle page fault for address: ffff888123456000',
      '[    0.3] Oops: Oops: 0000 [#1] SMP NOPTI',
      '[    0.3] RIP: 0010:__kho_radix_walk_tree+0x5a/0x190',
      '[    0.3] Kernel panic - not syncing: Fatal exception',
    ])
    expect(log.warnings.map(warning => warning.function)).toEqual(['reserve_mem', 'kho_restore_page'])
    expect(log.oops).toEqual({
      message: 'BUG: unable to handle page fault for address: ffff888123456000',
      function: '__kho_radix_walk_tree',
    })
    expect(log.panic).toBe('Fatal exception')
  })

  it('takes registers that nothing announced for an exception of early boot', () => {
    const log = readKernelLog([
      '[    0.000000] KHO: found kexec handover data.',
      '[    0.000000] CPU: 0 UID: 0 PID: 0 Comm: swapper Not tainted 7.3.4-khotest #1 PREEMPTLAZY  ',
      '[    0.000000] RIP: 0010:__kho_radix_walk_tree+0x56/0x125',
    ])
    expect(log.oops?.function).toBe('__kho_radix_walk_tree')
    expect(log.warnings).toEqual([])
  })

  it.each([
    'rcu: INFO: rcu_sched self-detected stall on CPU',
    'watchdog: BUG: soft lockup - CPU#0 stuck for 26s!',
  ])('takes no registers for an exception after: %s', line => {
    const log = readKernelLog([
      `[   28.610855] ${line}`,
      '[   28.751193] RIP: 0010:handle_softirqs+0x63/0x19b',
      '[   29.000000] KHO: found kexec handover data.',
    ])
    expect([log.oops, log.panic, log.warnings, log.found]).toEqual([null, null, [], true])
  })
})

describe('readReservations', () => {
  it('reads the blocks that the incoming map keeps, and no others', () => {
    const lines = [
      '<6>[    0.14] __memblock_reserve: [0x00000000000f5ba0-0x00000000000f5baf] nid=-1 flags=0 smp_scan_config+0xa7/0xf5',
      '<6>[    0.15] __memblock_reserve: [0x0000000000e00000-0x0000000000ffffff] nid=-1 flags=20 kho_preserved_memory_reserve+0x3d/0x60',
      'memblock_reserve: [0x000000000055d000-0x000000000055dfff] deserialize_bitmap.constprop.0+0x80/0xa0',
    ]
    const inlined =
      '<6>[    0.00] __memblock_reserve: [0x000000000041d000-0x000000000041dfff] nid=-1 flags=0 kho_memory_init+0x1d6/0x439'
    expect(readReservations([inlined])).toEqual([{ start: 0x41d000, end: 0x41e000 }])
    expect(readReservations(lines.slice(0, 2))).toEqual([{ start: 0xe00000, end: 0x1000000 }])
    expect(readReservations(lines).length).toBe(lines.filter(line => !line.includes('smp_scan')).length)
  })
})

import { describe, expect, it } from 'vitest'
import { memfdWords } from '../../../src/guest/make-files.js'
import { qemuArgs } from '../../../src/guest/qemu-args.js'

const machine = { kernel: 'bzImage', cmdline: 'a=b c', memory: 2 ** 30, accelerator: 'tcg' as const }

/** What follows an option. */
const valuesOf = (args: readonly string[], option: string) =>
  args.flatMap((word, n) => (word === option ? [args[n + 1]] : []))

describe('qemuArgs', () => {
  it('has the console on the first serial port and the agent on the second', () => {
    const args = qemuArgs(machine)
    expect(valuesOf(args, '-serial')).toEqual(['chardev:console', 'chardev:agent'])
    expect(valuesOf(args, '-m')).toEqual(['1024M'])
    expect(valuesOf(args, '-append')).toEqual(['a=b c'])
    expect(args).not.toContain('-initrd')
    expect(args).not.toContain('-S')
  })

  it('writes a comma twice where it is part of a path', () => {
    expect(valuesOf(qemuArgs({ ...machine, load: ['/tmp/a,b/state.elf'] }), '-device')).toContain(
      'loader,file=/tmp/a,,b/state.elf',
    )
  })
})

describe('memfdWords', () => {
  it('says everything that a memfd is', () => {
    const words = memfdWords({
      session: 'vm',
      token: 1n,
      size: 300001,
      position: 7,
      seals: 6,
      order: 9,
      contents: { hex: 'beef' },
      holes: [
        [1, 2],
        [9, 1],
      ],
    })
    expect(words).toEqual(['size=300001', 'position=7', 'seals=6', 'order=9', 'hex=beef', 'holes=1+2,9+1'])
    expect(memfdWords({ session: 'vm', token: 1n, size: 0, contents: 'allocated' })).toEqual([
      'size=0',
      'allocate=1',
    ])
  })
})

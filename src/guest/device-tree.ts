import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { KhoError } from '../../formats/error.js'
import { buildFdt, cellBytes, type FdtNode, parseFdt, stringBytes } from '../../formats/fdt/index.js'
import { CHOSEN_FDT, CHOSEN_SCRATCH } from '../../formats/handoff/chosen.js'
import type { Place } from '../../formats/memory/range.js'
import { findProgram, QEMU } from './programs.js'
import { type BoardSpec, boardArgs } from './qemu-args.js'

/** What a kernel that is booted by a device tree is told in /chosen. */
export interface Chosen {
  cmdline: string
  initrd: Place
  /** The root FDT, and the array of scratch areas: early_init_dt_check_kho(), drivers/of/fdt.c of 7.3. */
  fdt: Place
  scratch: Place
}

/**
 * The device tree of QEMU's own machine, as QEMU tells it, with a /chosen of ours. Cells of addresses and sizes are two each on
 * that machine.
 *
 * @throws KhoError `missing` where QEMU does not tell
 */
export function machineTree(board: BoardSpec, chosen: Chosen, folder: string): Uint8Array {
  const tree = parseFdt(askQemu(board, folder))
  const { root } = tree
  const children = root.children.map(node => (node.name === 'chosen' ? chosenNode(node, chosen) : node))
  return buildFdt({ ...root, children }, { bootCpuidPhys: tree.header.bootCpuidPhys ?? 0 })
}

function askQemu(board: BoardSpec, folder: string): Uint8Array {
  const path = join(folder, 'machine.dtb')
  const [flag, machine, ...rest] = boardArgs(board)
  const args = [...['-nodefaults', '-display', 'none'], flag!, `${machine},dumpdtb=${path}`, ...rest]
  const { stderr, error } = spawnSync(findProgram(QEMU[board.arch ?? 'x86_64']), args, { encoding: 'utf8' })
  try {
    const bytes = readFileSync(path)
    rmSync(path)
    return bytes
  } catch {
    const why = error?.message ?? (stderr.trim().split('\n').at(-1) || 'it gave no reason')
    throw new KhoError('missing', `QEMU does not tell its device tree: ${why}`)
  }
}

/** What QEMU says there of consoles and random seeds stays. */
function chosenNode(node: FdtNode, { cmdline, initrd, fdt, scratch }: Chosen): FdtNode {
  const { address, size } = initrd
  const own = [
    { name: 'bootargs', value: stringBytes(cmdline) },
    { name: 'linux,initrd-start', value: cellBytes(...wide(address)) },
    { name: 'linux,initrd-end', value: cellBytes(...wide(address + size)) },
    { name: CHOSEN_FDT, value: cellBytes(...wide(fdt.address), ...wide(fdt.size)) },
    { name: CHOSEN_SCRATCH, value: cellBytes(...wide(scratch.address), ...wide(scratch.size)) },
  ].map(property => ({ ...property, offset: 0 }))
  const others = node.properties.filter(({ name }) => !own.some(property => property.name === name))
  return { ...node, properties: [...others, ...own] }
}

function wide(value: number): [number, number] {
  return [Math.floor(value / 2 ** 32), value % 2 ** 32]
}

/**
 * The first instructions of an arm64 machine without firmware: to the kernel, with the device tree in x0, as booting.rst of
 * arch/arm64 has it.
 */
export function arm64Entry(kernelAt: number, treeAt: number): Uint8Array {
  const code = [
    0x58000100, // ldr x0, tree
    0xaa1f03e1, // mov x1, xzr
    0xaa1f03e2, // mov x2, xzr
    0xaa1f03e3, // mov x3, xzr
    0x580000c4, // ldr x4, kernel
    0xd61f0080, // br x4
    0xd503201f, // nop
    0xd503201f, // nop
  ]
  const bytes = new Uint8Array(code.length * 4 + 16)
  const view = new DataView(bytes.buffer)
  code.forEach((word, n) => {
    view.setUint32(n * 4, word, true)
  })
  view.setBigUint64(code.length * 4, BigInt(treeAt), true)
  view.setBigUint64(code.length * 4 + 8, BigInt(kernelAt), true)
  return bytes
}

import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { buildAgent } from './agent-build.js'
import type { Arch } from './arch.js'
import { CPIO_MODE, type CpioEntry, writeCpio } from './cpio.js'

const FOLDERS = ['dev', 'proc', 'sys', 'tmp']

/** Where {@link withNextKernel} puts things. */
export const NEXT_KERNEL = { kernel: '/next/kernel', initrd: '/next/initrd' } as const

/**
 * The initramfs of a guest: the agent as its first process, and nothing else. Same files, same bytes.
 *
 * @throws KhoError `missing` where the system has no compiler for the agent.
 */
export function buildInitramfs(arch: Arch = 'x86_64'): Uint8Array {
  const entries: CpioEntry[] = [
    ...FOLDERS.map(folder),
    // The first process' console, before devtmpfs is there.
    { name: 'dev/console', mode: CPIO_MODE.character | 0o600, device: { major: 5, minor: 1 } },
    { name: 'init', mode: CPIO_MODE.file | 0o755, content: readFileSync(buildAgent(arch)) },
  ]
  return gzipSync(writeCpio(entries), { level: 6 })
}

/**
 * The initramfs of a guest that will jump to another kernel: `initrd`, followed by an archive with that kernel and the
 * initrd for it. The kernel unpacks archives that follow each other; one that is not compressed begins at a multiple of
 * four bytes.
 */
export function withNextKernel(initrd: Uint8Array, kernel: Uint8Array): Uint8Array {
  const archive = writeCpio([
    folder('next'),
    { name: NEXT_KERNEL.kernel.slice(1), mode: CPIO_MODE.file | 0o644, content: kernel },
    { name: NEXT_KERNEL.initrd.slice(1), mode: CPIO_MODE.file | 0o644, content: initrd },
  ])
  const start = Math.ceil(initrd.length / 4) * 4
  const whole = new Uint8Array(start + archive.length)
  whole.set(initrd)
  whole.set(archive, start)
  return whole
}

function folder(name: string): CpioEntry {
  return { name, mode: CPIO_MODE.folder | 0o755 }
}

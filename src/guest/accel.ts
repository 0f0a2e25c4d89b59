import { spawnSync } from 'node:child_process'
import { accessSync, constants, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeTempFolder } from '../node/temp-folder.js'
import type { Arch } from './arch.js'

/** How a guest's instructions are run: by the processor, or by QEMU's translator. */
export type Accelerator = 'kvm' | 'tcg'

/** What the probe leaves in isa-debug-exit's port; QEMU's exit code is twice that, plus one. */
const PROBE_VALUE = 0x2a
const PROBE_EXIT = PROBE_VALUE * 2 + 1
const PROBE_PORT = 0xf4
const PROBE_MS = 3000

let chosen: Accelerator | undefined

/**
 * KVM where it works, else TCG. That /dev/kvm can be opened says little (under another hypervisor QEMU may abort all the
 * same), so a guest of five bytes is run once: it writes one byte to a port.
 */
export function chooseAccelerator(qemu: string, arch: Arch = 'x86_64'): Accelerator {
  // The probe is a PC: other machines are translated.
  if (arch !== 'x86_64') return 'tcg'
  chosen ??= canOpenKvm() && probe(qemu) ? 'kvm' : 'tcg'
  return chosen
}

function canOpenKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

function probe(qemu: string): boolean {
  const folder = makeTempFolder()
  try {
    const bios = join(folder.path, 'probe.bin')
    writeFileSync(bios, probeBios())
    const device = `isa-debug-exit,iobase=${PROBE_PORT},iosize=1`
    const args = [
      '-nodefaults',
      '-no-user-config',
      '-display',
      'none',
      '-M',
      'q35',
      '-m',
      '16',
      '-accel',
      'kvm',
    ]
    const { status } = spawnSync(qemu, [...args, '-cpu', 'max', '-bios', bios, '-device', device], {
      stdio: 'ignore',
      timeout: PROBE_MS,
      killSignal: 'SIGKILL',
    })
    return status === PROBE_EXIT
  } finally {
    folder.remove()
  }
}

/** 64 KiB of firmware: mov $value, %al; out %al, $port; hlt, at the reset vector, 16 bytes before the end. */
function probeBios(): Uint8Array {
  const bios = new Uint8Array(65536).fill(0xf4)
  bios.set([0xb0, PROBE_VALUE, 0xe6, PROBE_PORT, 0xf4], bios.length - 16)
  return bios
}

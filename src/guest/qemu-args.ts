import type { Accelerator } from './accel.js'
import type { Arch } from './arch.js'

/** What a guest is made of. */
export interface GuestMachine {
  /** x86-64 where not given. */
  arch?: Arch
  /** Path of the bzImage or Image; none where it is in memory already, and `entry` is where to begin. */
  kernel?: string
  /** Physical address of the first instruction, of a machine that has no kernel to load. */
  entry?: number
  /** Path of the initramfs; none where the kernel image names one that is in memory already. */
  initrd?: string
  cmdline: string
  /** RAM in bytes, a multiple of 1 MiB. */
  memory: number
  cpus?: number
  accelerator: Accelerator
  /** Files whose contents QEMU puts into memory before the guest starts; ELF files at their physical addresses. */
  load?: readonly string[]
  /** Does not run until a debugger or QMP says so. */
  paused?: boolean
  /** Instructions are counted: TCG only. What QEMU needs for that it writes into a file of the guest's folder. */
  counted?: boolean
  /** Its clock goes by instructions, a nanosecond each, and stands still for nothing but them: TCG only. */
  timedByInstructions?: boolean
  /** A file that {@link saveGuest} wrote of a guest with the same command line: this one goes on where that one was. */
  resumed?: string
}

/** Sockets and files in a guest's folder. QEMU runs in that folder, so names are short. */
export const GUEST_FILES = {
  console: 'console.sock',
  agent: 'agent.sock',
  qmp: 'qmp.sock',
  gdb: 'gdb.sock',
  log: 'console.log',
  record: 'record.bin',
} as const

/** QEMU's command line: the console on the first serial port, the agent on a port of its own. */
export function qemuArgs(machine: GuestMachine): string[] {
  const { console, agent, qmp, gdb, log, record } = GUEST_FILES
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...boardArgs(machine),
    ...(machine.kernel === undefined ? [] : ['-kernel', machine.kernel]),
    ...(machine.initrd === undefined ? [] : ['-initrd', machine.initrd]),
    ...(machine.kernel === undefined ? [] : ['-append', machine.cmdline]),
    ...(machine.load ?? []).flatMap(file => ['-device', `loader,file=${escapeComma(file)}`]),
    ...(machine.entry === undefined
      ? []
      : ['-device', `loader,addr=0x${machine.entry.toString(16)},cpu-num=0`]),
    ...['-chardev', `socket,id=console,path=${console},logfile=${log}`, '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=agent,path=${agent}`],
    ...AGENT_PORTS[machine.arch ?? 'x86_64'],
    ...['-chardev', `socket,id=qmp,path=${qmp}`, '-mon', 'chardev=qmp,mode=control'],
    ...['-gdb', `unix:${gdb},server=on,wait=off`],
    ...(machine.paused === true ? ['-S'] : []),
    ...(machine.counted === true ? ['-icount', `shift=0,rr=record,rrfile=${record}`] : []),
    ...(machine.timedByInstructions === true ? ['-icount', 'shift=0'] : []),
    ...(machine.resumed === undefined ? [] : ['-incoming', `exec:cat ${quoteForShell(machine.resumed)}`]),
  ]
}

/** The machine proper. What is in here decides what its device tree says, where it has one. */
export function boardArgs({ arch = 'x86_64', accelerator, cpus = 1, memory }: BoardSpec): string[] {
  return [
    ...['-M', BOARDS[arch], '-accel', accelerator, '-cpu', 'max', '-smp', String(cpus)],
    ...['-m', `${memory / 2 ** 20}M`],
  ]
}

/** What {@link boardArgs} takes of a machine. */
export type BoardSpec = Pick<GuestMachine, 'arch' | 'accelerator' | 'cpus' | 'memory'>

const BOARDS: Readonly<Record<Arch, string>> = { x86_64: 'q35', arm64: 'virt,gic-version=3' }

/** A PC's second serial port; a virtio port elsewhere, where a machine has but one. */
const AGENT_PORTS: Readonly<Record<Arch, readonly string[]>> = {
  x86_64: ['-device', 'vmcoreinfo', '-serial', 'chardev:agent'],
  arm64: ['-device', 'virtio-serial-device', '-device', 'virtserialport,chardev=agent'],
}

/** A word for the shell that QEMU's exec: runs. */
export function quoteForShell(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`
}

/** In QEMU's option lists a comma is written twice. */
function escapeComma(path: string): string {
  return path.replaceAll(',', ',,')
}

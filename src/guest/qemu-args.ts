import type { Accelerator } from './accel.js'

/** What a guest is made of. */
export interface GuestMachine {
  /** Path of the bzImage. */
  kernel: string
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

/** QEMU's command line: the console on the first serial port, the agent on the second. */
export function qemuArgs(machine: GuestMachine): string[] {
  const { console, agent, qmp, gdb, log, record } = GUEST_FILES
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-M', 'q35', '-accel', machine.accelerator, '-cpu', 'max', '-smp', String(machine.cpus ?? 1)],
    ...['-m', `${machine.memory / 2 ** 20}M`],
    ...['-kernel', machine.kernel],
    ...(machine.initrd === undefined ? [] : ['-initrd', machine.initrd]),
    ...['-append', machine.cmdline],
    ...(machine.load ?? []).flatMap(file => ['-device', `loader,file=${escapeComma(file)}`]),
    ...['-device', 'vmcoreinfo'],
    ...['-chardev', `socket,id=console,path=${console},logfile=${log}`, '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=agent,path=${agent}`, '-serial', 'chardev:agent'],
    ...['-chardev', `socket,id=qmp,path=${qmp}`, '-mon', 'chardev=qmp,mode=control'],
    ...['-gdb', `unix:${gdb},server=on,wait=off`],
    ...(machine.paused === true ? ['-S'] : []),
    ...(machine.counted === true ? ['-icount', `shift=0,rr=record,rrfile=${record}`] : []),
    ...(machine.resumed === undefined ? [] : ['-incoming', `exec:cat ${quoteForShell(machine.resumed)}`]),
  ]
}

/** A word for the shell that QEMU's exec: runs. */
export function quoteForShell(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`
}

/** In QEMU's option lists a comma is written twice. */
function escapeComma(path: string): string {
  return path.replaceAll(',', ',,')
}

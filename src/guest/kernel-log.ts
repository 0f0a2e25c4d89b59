import { RELEASES } from '../../formats/kernels/index.js'

/** What a kernel said about KHO, and about itself, on its console or in its log buffer. Messages as of Linux 6.16 to 7.2. */
export interface KernelLog {
  /** Release in the line `Linux version`. */
  release: string | null
  /** `KHO: found kexec handover data.` */
  found: boolean
  /** `KHO: disabling KHO revival`: it was told of a state, and does not take it. */
  disabled: boolean
  /** `KHO: exec from:` release and count of kexecs. */
  execFrom: { release: string; count: number } | null
  /** `luo: Retrieved live update data, liveupdate number:` */
  liveupdateNumber: number | null
  /** Verdict of the kernel's own test of what it preserved. */
  testKho: 'succeeded' | 'failed' | null
  /** Objects of LUO's own test that their last file let go of. */
  testFlbs: string[]
  /** Names of `reserve_mem=` regions taken back. */
  revived: string[]
  /** Other things that KHO, LUO, memfd, memblock and the tests complain about. */
  complaints: string[]
  /** WARN()s, with the function that has them. */
  warnings: KernelFailure[]
  /** The first oops or BUG(). */
  oops: KernelFailure | null
  /** The reason of a panic. */
  panic: string | null
  /** Every line that any of this was read from, and every other one about KHO, without time stamps. */
  messages: string[]
}

/** Where a kernel failed. */
export interface KernelFailure {
  /** The line that says so. */
  message: string
  /** Function, without offset; null where the log ends before it is named. */
  function: string | null
}

const STAMP = /^(?:<\d+>)?\[ *\d+\.\d+\](?:\[[^\]]*\])? /
const SUBJECT =
  /^(KHO: |luo: |memfd_luo: |test_kho: |liveupdate test: |reserve_mem: |memblock: .*KHO|KHO reserve-mem )/
const HARMLESS =
  /^(KHO: (scratch|bootmem|boot memory) (scale|areas)|KHO: found kexec|KHO: exec from:|luo: Retrieved|test_kho: KHO restore succeeded|liveupdate test: (?!.*ERROR|.*[Ff]ailed))/
const OTHER =
  /^(Restored data doesn't match checksum|failed to (prepare memblock FDT|retrieve FDT)|setup: failed to memremap kho|The incoming tree failed|(FDT|Node) '.*' is incompatible with |FDT '.*' has no child|BUG: Bad )/
const OOPS =
  /^(BUG: (?!Bad )|kernel BUG at |Oops: |Oops[: ]|general protection fault|divide error|invalid opcode|stack segment|int3:|PANIC: |double fault)/
/** check_cpu_stall() of RCU, and the watchdogs: what a busy host makes of a guest. */
const STALL = /^rcu: .*(stall|starved)|^watchdog: BUG: soft lockup/
const RIP = /^RIP: 0010:([A-Za-z_][\w.]*)\+/

/** Reads lines of a console or of dmesg, with or without time stamps and levels. */
export function readKernelLog(lines: readonly string[]): KernelLog {
  const log: KernelLog = {
    release: null,
    found: false,
    disabled: false,
    execFrom: null,
    liveupdateNumber: null,
    testKho: null,
    testFlbs: [],
    revived: [],
    complaints: [],
    warnings: [],
    oops: null,
    panic: null,
    messages: [],
  }
  let failing: KernelFailure | null = null
  for (const line of lines) {
    const text = line.replace(STAMP, '')
    // A kernel that waited too long for others shows where it stood, and goes on.
    if (STALL.test(text)) failing = { message: text, function: null }
    const failure = readFailure(log, text)
    if (failure !== null) failing = failure
    const rip = RIP.exec(text)
    if (rip !== null && failing === null) {
      // Before it has its own handlers, x86-64 shows the registers, and says what it is only to earlyprintk.
      failing = log.oops = { message: 'an exception before the kernel can handle any', function: rip[1]! }
      log.messages.push(text)
    } else if (rip !== null) failing!.function ??= rip[1]!
    if (readMessage(log, text) || failure !== null) log.messages.push(text)
  }
  return log
}

/** A WARN, an oops or a panic; null for any other line. */
function readFailure(log: KernelLog, text: string): KernelFailure | null {
  const panic = /^Kernel panic - not syncing: (.*)$/.exec(text)
  if (panic !== null) {
    log.panic ??= panic[1]!
    return { message: text, function: null }
  }
  const warning = /^WARNING: (?:CPU: \d+ PID: \d+ at )?\S+(?: at)? ([A-Za-z_][\w.]*)\+/.exec(text)
  if (warning !== null || text.startsWith('WARNING: ')) {
    const made = { message: text, function: warning?.[1] ?? null }
    log.warnings.push(made)
    return made
  }
  if (!OOPS.test(text)) return null
  log.oops ??= { message: text, function: null }
  return log.oops
}

/** True for a line that is about KHO. */
function readMessage(log: KernelLog, text: string): boolean {
  const release = /^Linux version (\S+)/.exec(text)
  if (release !== null) {
    log.release ??= release[1]!
    return false
  }
  const revived = /^(?:memblock: )?Revived memory reservation '(.*)' from KHO/.exec(text)
  if (revived !== null) {
    log.revived.push(revived[1]!)
    return true
  }
  if (!SUBJECT.test(text) && !OTHER.test(text)) return false
  if (text.startsWith('KHO: found kexec handover data')) log.found = true
  if (text.startsWith('KHO: disabling KHO revival')) log.disabled = true
  const from = /^KHO: exec from: (.*) \(count (\d+)\)$/.exec(text)
  if (from !== null) log.execFrom = { release: from[1]!, count: Number(from[2]) }
  const number = /^luo: Retrieved live update data, liveupdate number: (-?\d+)/.exec(text)
  if (number !== null) log.liveupdateNumber = Number(number[1])
  const flb = /^liveupdate test: (\S+): finish was triggered/.exec(text)
  if (flb !== null) log.testFlbs.push(flb[1]!)
  if (text.startsWith('test_kho: KHO restore'))
    log.testKho = text.endsWith('succeeded') ? 'succeeded' : 'failed'
  if (!HARMLESS.test(text)) log.complaints.push(text)
  return true
}

/** Functions that reserve what the incoming map says, in any release: the table of kernels has them. */
const RESERVERS = [...new Set(RELEASES.flatMap(({ boot }) => boot?.reservers ?? []))].join('|')

/** memblock_dbg() of memblock_reserve(), called while the incoming map is read. */
const RESERVED = new RegExp(
  `memblock_reserve: \\[0x([0-9a-f]+)-0x([0-9a-f]+)\\] (?:nid=\\S+ flags=\\S+ )?(?:${RESERVERS})[.\\w]*\\+`,
)

/** A block that a kernel kept: `memblock=debug` prints them while the incoming map is read. */
export interface ReservationLine {
  /** Physical address of the first byte. */
  start: number
  /** Physical address behind the last byte. */
  end: number
}

/**
 * The blocks that the incoming map made a kernel keep, in the order in which it did: the kernel's own answer to what is
 * preserved.
 */
export function readReservations(lines: readonly string[]): ReservationLine[] {
  const found: ReservationLine[] = []
  for (const line of lines) {
    const match = RESERVED.exec(line)
    if (match === null) continue
    found.push({ start: Number.parseInt(match[1]!, 16), end: Number.parseInt(match[2]!, 16) + 1 })
  }
  return found
}

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { findKernel, type Kernel } from '../../../formats/kernels/index.js'
import type { Capture } from '../../../src/capture/capture.js'
import { readKernelLog } from '../../../src/guest/kernel-log.js'
import { type GuestFile, guestFile } from '../../../src/guest/retrieve.js'

const FOLDER = 'fixtures/releases'

/** Releases with a captured hand-over of their own kernel. */
export const CAPTURED_RELEASES = readdirSync(FOLDER).sort()

/** A fixture, as the capture that it came from: what the guest said, and where the dumps are. */
export interface ReleaseFixture {
  release: string
  kernel: Kernel
  capture: Capture
  dump(moment: 'jump' | 'early'): string
}

export function releaseFixture(release: string): ReleaseFixture {
  const folder = join(FOLDER, release)
  const kernel = findKernel(release)!
  const empty = readKernelLog([])
  return {
    release,
    kernel,
    dump: moment => join(folder, `${moment}.elf.zst`),
    capture: {
      failed: null,
      unjudged: false,
      kernel,
      notes: [],
      regions: ['trace'],
      dumps: {},
      preserved: filesOf(join(folder, 'first.memfds.json'), kernel),
      retrieved: { files: filesOf(join(folder, 'next.memfds.json'), kernel), failures: [], cut: false },
      debugfs: { before: treeOf(join(folder, 'first.debugfs')), after: treeOf(join(folder, 'next.debugfs')) },
      machine: { before: new Map(), after: new Map() },
      reservations: reservationsOf(join(folder, 'next.reservations.txt')),
      logs: { before: empty, after: empty },
      dmesg: { before: [], after: [] },
      exact: true,
      console: [],
      seconds: 0,
    },
  }
}

/** A release without LUO has no such file. */
function filesOf(path: string, { users }: Kernel): GuestFile[] {
  if (users.luo === null) return []
  return (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>[]).map(guestFile)
}

function reservationsOf(path: string) {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map(line => {
      const [, start, end] = /^(0x[0-9a-f]+)-(0x[0-9a-f]+) /.exec(line)!
      return { start: Number(start), end: Number(end) }
    })
}

function treeOf(folder: string): Map<string, Uint8Array> {
  const names = readdirSync(folder, { recursive: true }).map(String)
  const files = names.filter(name => statSync(join(folder, name)).isFile())
  return new Map(files.map(name => [name, readFileSync(join(folder, name))]))
}

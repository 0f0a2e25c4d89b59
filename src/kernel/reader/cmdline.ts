import { parseReserveMem } from '../../rules/checks/memblock.js'
import type { RegionWish } from './region.js'

/** What of a kernel's command line bears on a hand-over. */
export interface CommandLine {
  /** `kho=`; null where the kernel's own default holds. */
  kho: boolean | null
  liveupdate: boolean
  /** `elfcorehdr=`: a capture kernel. */
  kdump: boolean
  /** `kho_scratch=` or `kho_bootmem=`, which has no say where a hand-over is taken. */
  scratch: boolean
  regions: RegionWish[]
  /** Pages of 1 GiB that `hugepages=` asks for. */
  giganticPages: number
}

/** Reads a command line as early parameters are read: the last of several counts. */
export function parseCommandLine(text: string): CommandLine {
  const words = text.split(/\s+/)
  return {
    kho: lastFlag(words, 'kho'),
    liveupdate: lastFlag(words, 'liveupdate') === true,
    kdump: words.some(word => word.startsWith('elfcorehdr=')),
    scratch: words.some(word => /^kho_(scratch|bootmem)=/.test(word)),
    regions: parseReserveMem(text),
    giganticPages: giganticPages(words),
  }
}

/** `hugepages=` after `hugepagesz=1G`, or after `default_hugepagesz=1G`; of several for one size the last counts. */
function giganticPages(words: readonly string[]): number {
  let size = ''
  let wanted = 0
  for (const word of words) {
    const [name, value = ''] = word.split('=', 2)
    if (name === 'hugepagesz' || name === 'default_hugepagesz') size = value
    // A list for each node, `0:2,1:2`, adds up.
    else if (name === 'hugepages' && GIGANTIC.test(size)) wanted = sumOfNodes(value)
  }
  return wanted
}

const GIGANTIC = /^(1G|1024M|1048576K|1073741824)$/i

function sumOfNodes(text: string): number {
  return text
    .split(',')
    .map(part => Number(part.split(':').at(-1)))
    .reduce((sum, count) => sum + (Number.isSafeInteger(count) && count > 0 ? count : 0), 0)
}

function lastFlag(words: readonly string[], name: string): boolean | null {
  let value: boolean | null = null
  for (const word of words)
    if (word.startsWith(`${name}=`)) value = kstrtobool(word.slice(name.length + 1)) ?? value
  return value
}

/** kstrtobool(): null where it gives -EINVAL, and the value stays what it was. */
function kstrtobool(text: string): boolean | null {
  if (/^[yYtT1]/.test(text) || /^o[nN]/i.test(text)) return true
  return /^[nNfF0]/.test(text) || /^o[fF]/i.test(text) ? false : null
}

import { parseReserveMem } from '../../rules/checks/memblock.js'
import type { RegionWish } from './memblock.js'

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
  }
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

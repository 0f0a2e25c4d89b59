import type { FdtProblem, FdtProblemCode } from './types.js'
import { FDT_MAX_PROBLEMS } from './types.js'

/** libfdt's error numbers (libfdt.h of dtc 1.8.1); its functions return them negated. */
export const FDT_ERRORS = {
  NOTFOUND: 1,
  EXISTS: 2,
  NOSPACE: 3,
  BADOFFSET: 4,
  BADPATH: 5,
  BADPHANDLE: 6,
  BADSTATE: 7,
  TRUNCATED: 8,
  BADMAGIC: 9,
  BADVERSION: 10,
  BADSTRUCTURE: 11,
  BADLAYOUT: 12,
  INTERNAL: 13,
  BADNCELLS: 14,
  BADVALUE: 15,
  BADOVERLAY: 16,
  NOPHANDLES: 17,
  BADFLAGS: 18,
  ALIGNMENT: 19,
} as const

/** The number of libfdt's error of that name, or null for a code that libfdt does not have. */
export function libfdtErrorNumber(code: FdtProblemCode): number | null {
  return Object.hasOwn(FDT_ERRORS, code) ? FDT_ERRORS[code as keyof typeof FDT_ERRORS] : null
}

/** A list of problems that keeps {@link FDT_MAX_PROBLEMS} of each severity, and says where it stopped. */
export interface ProblemList {
  readonly list: FdtProblem[]
  error(code: FdtProblemCode, offset: number, message: string): void
  warning(code: FdtProblemCode, offset: number, message: string): void
}

export function createProblemList(): ProblemList {
  const list: FdtProblem[] = []
  const counts = { error: 0, warning: 0 }
  const add = (severity: 'error' | 'warning', code: FdtProblemCode, offset: number, message: string) => {
    counts[severity]++
    if (counts[severity] <= FDT_MAX_PROBLEMS) list.push({ code, offset, message, severity })
    else if (counts[severity] === FDT_MAX_PROBLEMS + 1) {
      list.push({ code: 'MORE', offset, message: `more ${severity}s follow that are not listed`, severity })
    }
  }
  return {
    list,
    error: (code, offset, message) => add('error', code, offset, message),
    warning: (code, offset, message) => add('warning', code, offset, message),
  }
}

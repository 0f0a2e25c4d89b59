import * as z from 'zod'
import {
  inPostedForm,
  POSTED_FORMS,
  WRITING_KERNELS,
  writingKernelNamed,
} from '../../formats/kernels/index.js'
import type { PageShift } from '../../formats/memory/geometry.js'
import { mergeRanges, rangesCover } from '../../formats/memory/range.js'
import { CALL } from './calls-schema.js'
import { ADDRESS, COUNT, COUNT_OR_ZERO, RANGE, SIZE_OR_ZERO } from './quantity.js'

const PAGE_SHIFTS: Readonly<Record<string, PageShift>> = { '4K': 12, '16K': 14, '64K': 16 }

const PAGE_SIZE = z.enum(['4K', '16K', '64K']).transform(text => PAGE_SHIFTS[text]!)

/** YAML reads an unquoted 7.0 as the number 7. */
const KERNEL = z
  .union([z.string(), z.number()])
  .transform(given =>
    typeof given === 'string' ? given : Number.isInteger(given) ? `${given}.0` : `${given}`,
  )
  .pipe(z.enum(WRITING_KERNELS.map(({ name }) => name)))

const MACHINE = z
  .object({
    arch: z.enum(['x86_64', 'arm64']).default('x86_64'),
    page_size: PAGE_SIZE.default(12),
    kernel: KERNEL.default('7.2'),
    /** utsname release, for kexec-metadata. */
    uname: z.string().min(1).max(64).optional(),
    /** CONFIG_KEXEC_HANDOVER_DEBUG: the kernel looks whether a preservation overlaps scratch. */
    debug: z.boolean().default(false),
    ram: z.array(RANGE).min(1),
    /** Ranges of memory by node; without it, all is one node. */
    nodes: z.array(z.object({ id: COUNT_OR_ZERO, range: RANGE }).strict()).default([]),
    scratch: z.array(z.object({ address: ADDRESS, size: SIZE_OR_ZERO }).strict()).min(1),
    /** Memory in use for other things: nothing is placed there. */
    avoid: z.array(RANGE).default([]),
    /** What was posted for the whole hand-over and is in no release: strings with parts, or feature flags. */
    posted: z.enum(POSTED_FORMS).optional(),
    kexec_count: COUNT.default(1),
    live_updates: COUNT.default(1),
    /** Where pages of metadata lie, by name: `fdt`, or a child of the root FDT. For making a known dump again. */
    place: z.record(z.string(), ADDRESS).default({}),
  })
  .strict()

/** A scenario file. */
export const SCENARIO = z
  .object({
    title: z.string().optional(),
    machine: MACHINE,
    seed: COUNT_OR_ZERO.default(1),
    calls: z.array(CALL).default([]),
  })
  .strict()
  .superRefine((scenario, context) => {
    const { machine, calls } = scenario
    const pageSize = 2 ** machine.page_size
    const ram = mergeRanges(machine.ram)
    const say = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message })
    machine.ram.forEach(({ start, end }, n) => {
      if (start % pageSize !== 0 || end % pageSize !== 0)
        say(['machine', 'ram', n], 'expected a range of whole pages, such as 0-1G')
    })
    machine.scratch.forEach(({ address, size }, n) => {
      if (address % pageSize !== 0 || size % pageSize !== 0)
        say(['machine', 'scratch', n], 'expected whole pages, such as { address: 0x38000000, size: 32M }')
      if (size > 0 && !rangesCover(ram, address, address + size))
        say(
          ['machine', 'scratch', n],
          'expected an area inside RAM, such as { address: 0x38000000, size: 32M }',
        )
    })
    if (machine.posted && inPostedForm(writingKernelNamed(machine.kernel), machine.posted) === null)
      say(['machine', 'posted'], 'expected a kernel whose LUO is a structure, such as 7.2')
    const end = calls.findIndex(call => call.name === 'kexec')
    if (end >= 0 && end < calls.length - 1)
      say(['calls', end + 1], 'expected nothing after kexec: it is the end')
  })

/** A checked scenario. */
export type Scenario = z.output<typeof SCENARIO>

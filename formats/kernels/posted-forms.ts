import type { LuoForm } from '../layout/index.js'
import type { WritingKernel } from './table.js'

/** Forms of what a kernel hands over that were posted for all of it at once, and are in no release. */
export const POSTED_FORMS = ['parts', 'features'] as const satisfies readonly LuoForm[]
export type PostedForm = (typeof POSTED_FORMS)[number]

/** What the root's `compatible` is followed by: RFC 20260605033235.717351, parts from a to z. */
const ROOT_PARTS = ';radix-v1;vmalloc-v1'

/**
 * A kernel as it would hand over with a posted form: strings with parts (RFC of June 2026), or feature flags in LUO and
 * in memfds (RFC of September 2026). Null for kernels whose LUO is no structure: both begin with that.
 */
export function inPostedForm(kernel: WritingKernel, form: PostedForm): WritingKernel | null {
  const { users, layout } = kernel
  if (users.luo?.form !== 'struct') return null
  const compatible = form === 'parts' ? layout.compatible + ROOT_PARTS : layout.compatible
  return {
    ...kernel,
    layout: { ...layout, compatible },
    users: { ...users, luo: { ...users.luo, head: form } },
  }
}

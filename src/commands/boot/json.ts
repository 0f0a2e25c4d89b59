import { hex } from '../../../formats/memory/fault.js'
import { type Boot, eachReservation } from '../../boot/boot.js'
import type { JsonOf } from '../../render/json.js'
import type { schema } from './schema.js'
import { skippedOf } from './text.js'

/** The document of `kho boot --json`. */
export function bootJson(
  boot: Boot,
  pageSize: number,
  restored: readonly number[],
  lookedUp: readonly number[],
): JsonOf<typeof schema> {
  return {
    schema: 'kho/boot/1',
    kernel: boot.kernel.release,
    end: boot.end,
    why: boot.cause?.message ?? null,
    steps: boot.steps.map(({ address, ...step }) => ({
      ...step,
      address: address === null ? null : hex(address),
    })),
    reservations: {
      *[Symbol.iterator]() {
        for (const { start, end, who, order } of eachReservation(boot.reservations, pageSize)) {
          const info = order === null ? null : hex(boot.privateOf(order))
          yield { start: hex(start), end: hex(end), who, order, private: info }
        }
      },
    },
    extended: boot.extended?.map(({ start, end }) => ({ start: hex(start), end: hex(end) })) ?? null,
    skipped: skippedOf(boot, pageSize),
    restored: restored.flatMap(address =>
      boot.restore(address).map(({ function: name, again, result }) => ({
        address: hex(address),
        function: name,
        again,
        order: result.ok ? result.order : null,
        failed: result.ok ? null : result.reason,
        warns: !result.ok && result.warns,
        oops: !result.ok && result.oops === true,
      })),
    ),
    lookedUp: lookedUp.map(address => {
      const { skipped, steps } = boot.lookUp(address) ?? { skipped: false, steps: [] }
      return { address: hex(address), skipped, steps }
    }),
    assumptions: boot.assumptions,
  }
}

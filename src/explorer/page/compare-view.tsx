import { useSignal, useSignalEffect } from '@preact/signals'
import type { CompareRow } from '../protocol.js'
import { Bars } from './bars.js'
import { countText } from './format.js'
import { ask, attempt, shown, side } from './store.js'

/** What the same memory would cost in every tracker. */
export function CompareView() {
  const rows = useSignal<CompareRow[]>([])
  useSignalEffect(() => {
    const which = side.value
    if (shown.value === null) return
    void attempt(async () => {
      rows.value = await ask('compare', { side: which })
    })
  })
  const able = rows.value.filter(row => row.bytes !== null)
  const refused = rows.value.filter(row => row.refused !== null)
  return (
    <div class="columns">
      <section>
        <h3>Bytes handed over</h3>
        <Bars bars={able.map(row => ({ name: row.tracker, value: row.bytes ?? 0, colour: '#4477aa' }))} />
        {refused.map(({ tracker, refused: why }) => (
          <p key={tracker}>
            {tracker}: {why}
          </p>
        ))}
      </section>
      <section>
        <h3>Reservations of the next kernel</h3>
        <Bars
          unit={countText}
          bars={able.map(row => ({ name: row.tracker, value: row.reservations ?? 0, colour: '#ee8866' }))}
        />
      </section>
    </div>
  )
}

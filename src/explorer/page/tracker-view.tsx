import { useSignal, useSignalEffect } from '@preact/signals'
import type { FillRow } from '../protocol.js'
import { countText, hexText, sizeText } from './format.js'
import { ask, attempt, find, shown, side } from './store.js'

const MOST = 500

/** What each page of the tracker covers, and how full it is. */
export function TrackerView() {
  const rows = useSignal<FillRow[]>([])
  useSignalEffect(() => {
    const which = side.value
    if (shown.value === null) return
    void attempt(async () => {
      rows.value = await ask('fill', { side: which })
    })
  })
  return (
    <div>
      <table class="fill-table">
        <thead>
          <tr>
            <th>page</th>
            <th>what</th>
            <th>covers</th>
            <th>used</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {rows.value.slice(0, MOST).map(row => (
            <tr key={row.path}>
              <td>
                <button type="button" onClick={() => void find(`/${row.path}`)}>
                  {hexText(row.address)}
                </button>
              </td>
              <td>
                {row.what}
                {row.order !== null && `, order ${row.order}`}
              </td>
              <td>
                {row.covers !== null &&
                  `${sizeText(row.covers.end - row.covers.start)} from ${hexText(row.covers.start)}`}
              </td>
              <td>
                {countText(row.used)} of {countText(row.room)}
              </td>
              <td>
                <meter min={0} max={row.room} value={row.used} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.value.length > MOST && <p>and {countText(rows.value.length - MOST)} more</p>}
    </div>
  )
}

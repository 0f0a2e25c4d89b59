import { useSignal, useSignalEffect } from '@preact/signals'
import type { DiffRow } from '../protocol.js'
import { ask, attempt, find, images } from './store.js'

/** What changed between two images, by owner. */
export function DiffView() {
  const rows = useSignal<DiffRow[] | null>(null)
  const more = useSignal(0)
  useSignalEffect(() => {
    const { a, b } = images.value
    if (a === undefined || b === undefined) return
    void attempt(async () => {
      const answer = await ask('diff', {})
      rows.value = answer.rows
      more.value = answer.more
    })
  })
  if (images.value.b === undefined) {
    return <p class="empty">Open a second image to see what changed between them.</p>
  }
  if (rows.value === null) return <p class="empty">Comparing…</p>
  return (
    <div>
      {rows.value.length === 0 && <p>Both hand over the same state.</p>}
      <table class="diff">
        <tbody>
          {rows.value.map(({ sign, path, text }, n) => (
            <tr key={`${n} ${path}`} data-sign={sign}>
              <td>{sign}</td>
              <td>
                <button type="button" onClick={() => void find(`/${path}`)}>
                  {path}
                </button>
              </td>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {more.value > 0 && <p>and {more.value} more</p>}
    </div>
  )
}

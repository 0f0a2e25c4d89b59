import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { TreeRow } from '../protocol.js'
import { countText } from './format.js'
import { ask, attempt, find, selection, shown, side } from './store.js'

/** Rows that are asked for at once. */
const PIECE = 100

/** The state as a tree; what is below a row is asked for when it is opened. */
export function TreeView() {
  if (shown.value === null) return null
  return (
    <nav class="tree" aria-label="State">
      <Children key={`${side.value} ${shown.value.opened.name}`} path="" count={PIECE} />
    </nav>
  )
}

function Children({ path, count }: { path: string; count: number }) {
  const rows = useSignal<TreeRow[]>([])
  const done = useSignal(false)
  const more = () =>
    attempt(async () => {
      const from = rows.value.length
      const next = await ask('tree', { side: side.value, path, from, count: PIECE })
      rows.value = [...rows.value, ...next]
      done.value = next.length < PIECE || (path !== '' && rows.value.length >= count)
    })
  useEffect(() => {
    void more()
  }, [])
  return (
    <ul>
      {rows.value.map(row => (
        <Row key={row.path} row={row} />
      ))}
      {!done.value && rows.value.length > 0 && (
        <li>
          <button type="button" class="more" onClick={() => void more()}>
            {path === '' ? 'more' : `more of ${countText(count)}`}
          </button>
        </li>
      )}
    </ul>
  )
}

function Row({ row }: { row: TreeRow }) {
  const open = useSignal(false)
  const selected = selection.value.path === row.path
  return (
    <li>
      <div class={selected ? 'row selected' : 'row'}>
        {row.children > 0 ? (
          <button
            type="button"
            class="twist"
            aria-expanded={open.value}
            aria-label={`${open.value ? 'Close' : 'Open'} ${row.name}`}
            onClick={() => {
              open.value = !open.value
            }}
          >
            {open.value ? '▾' : '▸'}
          </button>
        ) : (
          <span class="twist" />
        )}
        <button type="button" class="name" title={row.path} onClick={() => void find(`/${row.path}`)}>
          {row.name}
        </button>
        <span class="value">{row.value}</span>
      </div>
      {open.value && <Children path={row.path} count={row.children} />}
    </li>
  )
}

import { MAP_CHANGES } from '../../map/map-diff.js'
import { sizeText } from './format.js'
import { CHANGE_COLOURS, orderColour, ownerColours } from './palette.js'
import { boot, changes, mode, select, shown } from './store.js'

/** Names in the legend; more are counted. */
const MOST = 12

interface Entry {
  colour: string
  name: string
  note: string
  path: string | null
}

/** What the colours mean. */
export function MapLegend() {
  const entries = legend()
  const extended = boot.value?.extended.length ?? 0
  return (
    <ul class="legend" aria-label="Legend">
      {entries.slice(0, MOST).map(({ colour, name, note, path }) => (
        <li key={name}>
          <button type="button" disabled={path === null} onClick={() => select(path, null)}>
            <span class="swatch" style={{ background: colour }} />
            {name} <small>{note}</small>
          </button>
        </li>
      ))}
      {entries.length > MOST && <li>and {entries.length - MOST} more</li>}
      {extended > 0 && (
        <li>
          <span class="swatch extended" /> early boot of {boot.value?.kernel} may write here
        </li>
      )}
    </ul>
  )
}

function legend(): Entry[] {
  const current = shown.value
  if (current === null) return []
  if (mode.value === 'order') {
    return current.opened.totals.orders.map(({ order, bytes }) => ({
      colour: orderColour(order),
      name: `order ${order}`,
      note: sizeText(bytes),
      path: null,
    }))
  }
  if (mode.value === 'diff' && changes.value !== null) {
    return MAP_CHANGES.map((name, n) => ({ colour: CHANGE_COLOURS[n]!, name, note: '', path: null }))
  }
  const colours = ownerColours(current.map.owners)
  return current.map.owners
    .map((owner, index) => ({
      colour: colours[index]!,
      name: owner.kind === 'orphan' ? 'claimed by nobody' : owner.path,
      note: sizeText(owner.bytes),
      path: owner.kind === 'orphan' ? null : owner.path,
      bytes: owner.bytes,
    }))
    .sort((a, b) => b.bytes - a.bytes)
}

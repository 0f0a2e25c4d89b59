import { countText } from './format.js'
import { images, stat, TABS, type Tab, tab } from './store.js'

/** Panels that there is something to show in. */
function tabs(): readonly Tab[] {
  return TABS.filter(name => name !== 'diff' || images.value.b !== undefined)
}

/** The row of tabs; arrow keys, Home and End move along it. */
export function Tabs() {
  return (
    <div class="tabs" role="tablist" aria-label="Panels" onKeyDown={onKey}>
      {tabs().map(name => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-selected={tab.value === name}
          aria-controls="panel"
          tabIndex={tab.value === name ? 0 : -1}
          onClick={() => {
            tab.value = name
          }}
        >
          {name}
          {name === 'findings' && stat.value !== null && (
            <small> {countText(stat.value.findings.length)}</small>
          )}
        </button>
      ))}
    </div>
  )
}

function onKey(event: KeyboardEvent): void {
  const all = tabs()
  const at = all.indexOf(tab.value)
  const last = all.length - 1
  const moves: Readonly<Record<string, number>> = {
    ArrowRight: at === last ? 0 : at + 1,
    ArrowLeft: at === 0 ? last : at - 1,
    Home: 0,
    End: last,
  }
  const to = Object.hasOwn(moves, event.key) ? all[moves[event.key]!] : undefined
  if (to === undefined) return
  event.preventDefault()
  tab.value = to
  document.getElementById(`tab-${to}`)?.focus()
}

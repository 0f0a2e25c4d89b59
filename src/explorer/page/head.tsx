import { useSignal } from '@preact/signals'
import { FileButton } from './file-button.js'
import { counted, countText, sizeText } from './format.js'
import { busy, find, images, judge, kernel, kernels, openImage, shown, side, stat, tab } from './store.js'

/** What is open, what a kernel makes of it, and the way to look things up. */
export function Head() {
  return (
    <header>
      <strong class="brand">kho</strong>
      {shown.value !== null && (
        <>
          <Names />
          <Verdict />
          <Roots />
          <Readers />
          <Search />
          <span class="grow" />
          {images.value.b === undefined && <FileButton label="Compare with…" />}
        </>
      )}
      <span class="busy" role="status">
        {busy.value > 0 ? 'working…' : ''}
      </span>
    </header>
  )
}

function Names() {
  return (
    <>
      {(['a', 'b'] as const).map(which => {
        const image = images.value[which]
        if (image === undefined) return null
        const { name, container, abi, root, tracker, totals } = image.opened
        return (
          <button
            key={which}
            type="button"
            class="image"
            aria-pressed={side.value === which}
            onClick={() => {
              side.value = which
              void judge()
            }}
          >
            <b>{name}</b>
            <small>
              {container} · {abi} · {root.direction} · map {tracker.state} · {countText(totals.blocks)}{' '}
              blocks, {sizeText(totals.bytes)}
            </small>
          </button>
        )
      })}
    </>
  )
}

function Verdict() {
  const verdict = stat.value
  if (verdict === null) return null
  const errors = verdict.findings.filter(({ severity }) => severity === 'error').length
  return (
    <button
      type="button"
      class={`verdict ${verdict.outcome.word}`}
      onClick={() => {
        tab.value = 'findings'
      }}
    >
      {verdict.outcome.word}
      {errors > 0 && <small> {counted(errors, 'error')}</small>}
    </button>
  )
}

/** The states of a dump that has more than one: what its kernel was given, and what it gives on. */
function Roots() {
  const current = shown.value
  if (current === null || current.opened.candidates.length < 2) return null
  const { image, opened } = current
  return (
    <label class="reader">
      state
      <select
        aria-label="State of the dump"
        value={String(opened.root.address)}
        onChange={event => {
          const root = Number(event.currentTarget.value)
          void openImage(side.value, { ...image, options: { ...image.options, root } })
        }}
      >
        {opened.candidates.map(({ address, direction, state }) => (
          <option key={address} value={String(address)}>
            {direction}, {state}
          </option>
        ))}
      </select>
    </label>
  )
}

function Readers() {
  return (
    <label class="reader">
      read by
      <select
        value={kernel.value ?? ''}
        onChange={event => {
          kernel.value = event.currentTarget.value || null
          void judge()
        }}
      >
        <option value="">{shown.value?.opened.defaultKernel} (its own)</option>
        {kernels.value.map(name => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}

function Search() {
  const text = useSignal('')
  return (
    <form
      class="search"
      onSubmit={event => {
        event.preventDefault()
        if (text.value.trim() !== '') void find(text.value.trim())
      }}
    >
      <input
        type="search"
        aria-label="Find an address, a path or a name"
        placeholder="0x…, path or session ( / )"
        value={text.value}
        onInput={event => {
          text.value = event.currentTarget.value
        }}
      />
    </form>
  )
}

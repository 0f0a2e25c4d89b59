import { useSignal, useSignalEffect } from '@preact/signals'
import type { HexRow, WhoisRow } from '../protocol.js'
import { hexText, sizeText } from './format.js'
import { ask, attempt, find, selection, side } from './store.js'

/** Rows that are shown at first, and with each further step. */
const PIECE = 200

/** The bytes of what is selected, field by field, and what memory it is. */
export function HexView() {
  const rows = useSignal<HexRow[]>([])
  const more = useSignal(false)
  const who = useSignal<WhoisRow | null>(null)
  const wanted = useSignal(PIECE)
  useSignalEffect(() => {
    const { path, range } = selection.value
    const which = side.value
    const count = wanted.value
    void attempt(async () => {
      const target = path !== null ? `/${path}` : range === null ? null : hexTarget(range.start, range.end)
      if (target === null) return
      const answer = await ask('hex', { side: which, target, rows: count })
      rows.value = answer.rows
      more.value = answer.more
      who.value = range === null ? null : await ask('whois', { side: which, address: range.start })
    })
  })
  const { path, range } = selection.value
  if (path === null && range === null) {
    return <p class="empty">Select something: a cell of the map, a line of the tree, a finding.</p>
  }
  return (
    <div class="hex">
      <p>
        {path !== null && <code>{path}</code>}{' '}
        {range !== null && (
          <>
            {hexText(range.start)}, {sizeText(range.end - range.start)}
          </>
        )}
      </p>
      {who.value !== null && <WhoisLine who={who.value} />}
      <table>
        <tbody>
          {rows.value.map((row, n) => (
            <Line key={`${n} ${row.address}`} row={row} />
          ))}
        </tbody>
      </table>
      {more.value && (
        <button
          type="button"
          class="more"
          onClick={() => {
            wanted.value += PIECE * 5
          }}
        >
          more
        </button>
      )}
    </div>
  )
}

const LARGEST = 1 << 16

function hexTarget(start: number, end: number): string {
  return `${hexText(start)}+${Math.min(end - start, LARGEST)}`
}

function WhoisLine({ who }: { who: WhoisRow }) {
  const block = who.block === null ? '' : `, block ${hexText(who.block.address)} of order ${who.block.order}`
  return (
    <div class="whois">
      <p>
        {who.preserved ? `preserved${block}` : `not preserved, ${who.memory}`}
        {who.owners.length > 0 && ' · '}
        {who.owners.map(owner => (
          <button key={owner} type="button" onClick={() => void find(`/${owner}`)}>
            {owner}
          </button>
        ))}
      </p>
      {who.trackerPath.length > 0 && <p class="steps">{who.trackerPath.join(' → ')}</p>}
      {who.hints.map(hint => (
        <p key={hint}>{hint}</p>
      ))}
    </div>
  )
}

function Line({ row }: { row: HexRow }) {
  if (row.kind === 'heading' || row.kind === 'note') {
    return (
      <tr class={row.kind}>
        <td>{hexText(row.address)}</td>
        <td colSpan={4}>{row.name}</td>
      </tr>
    )
  }
  return (
    <tr class={row.kind}>
      <td>{hexText(row.address)}</td>
      <td class="bytes">{row.bytes}</td>
      <td class="ascii">{row.text}</td>
      <td>{row.name}</td>
      <td>{row.value}</td>
    </tr>
  )
}

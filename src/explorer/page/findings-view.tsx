import { useSignal } from '@preact/signals'
import type { Finding } from '../../validate/verdict.js'
import type { RuleText } from '../protocol.js'
import { hexText } from './format.js'
import { ask, attempt, find, select, shown, stat, tab } from './store.js'

/** What a reading kernel makes of the state, and everything that is wrong with it. */
export function FindingsView() {
  const verdict = stat.value
  if (verdict === null) return <p class="empty">Not judged yet.</p>
  const { outcome, findings } = verdict
  return (
    <div>
      <p>
        <strong class={`word ${outcome.word}`}>{outcome.word}</strong> is what {outcome.kernel} makes of it
        {outcome.why.length > 0 && <>, for {outcome.why.join(', ')}</>}.
      </p>
      {outcome.assumptions.length > 0 && (
        <ul class="assumptions">
          {outcome.assumptions.map(text => (
            <li key={text}>Assumed: {text}.</li>
          ))}
        </ul>
      )}
      {findings.length === 0 && <p class="empty">No findings.</p>}
      <ul class="findings">
        {findings.map((finding, n) => (
          <FindingRow key={`${n} ${finding.rule}`} finding={finding} />
        ))}
      </ul>
    </div>
  )
}

function FindingRow({ finding }: { finding: Finding }) {
  const text = useSignal<RuleText | null>(null)
  const { address, path } = finding
  const explain = () =>
    attempt(async () => {
      text.value = text.value === null ? await ask('rule', { id: finding.rule }) : null
    })
  return (
    <li class={finding.severity}>
      <div>
        <button type="button" class="rule" aria-expanded={text.value !== null} onClick={() => void explain()}>
          {finding.rule}
        </button>{' '}
        <span class="severity">{finding.severity}</span> {finding.message}
        {finding.count > 1 && <> ({finding.count} of them)</>}
      </div>
      <div class="places">
        {path !== null && (
          <button type="button" onClick={() => void find(`/${path}`)}>
            {path}
          </button>
        )}
        {address !== null && (
          <>
            <button type="button" onClick={() => void find(hexText(address))}>
              {hexText(address)}
            </button>
            <button type="button" onClick={() => onMap(address)}>
              on the map
            </button>
          </>
        )}
      </div>
      {text.value !== null && (
        <div class="explanation">
          <strong>{text.value.title}</strong>
          <p>{text.value.explanation}</p>
        </div>
      )}
    </li>
  )
}

function onMap(address: number): void {
  const size = shown.value?.map.pageSize ?? 4096
  const start = address - (address % size)
  select(null, { start, end: start + size }, true)
  tab.value = 'findings'
}

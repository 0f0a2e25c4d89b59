import type { ComponentChildren } from 'preact'
import type { SessionStat, Stat } from '../../stat/stat.js'
import type { OutcomeWord } from '../../validate/verdict.js'
import { counted, countText, hexText, nameText, shareText, sizeText } from './format.js'
import { find, stat, tab } from './store.js'

/** What each outcome means to who has never heard of it. */
const MEANINGS: Readonly<Record<OutcomeWord, string>> = {
  ok: 'takes everything over as meant',
  rejected: 'boots, and takes nothing over',
  oops: 'would crash on it',
  loop: 'would hang on it',
  'error-reported': 'loses a part, and says so',
  'accepted-different': 'takes over something else than was meant, and says nothing',
  unknown: 'cannot be predicted: the bytes that decide are not in the dump',
}

/** Sessions and regions that are listed here. */
const MOST = 40

/** A state on one screen, for people who have not seen it before. */
export function OverviewView() {
  const state = stat.value
  if (state === null) return <p class="empty">Reading…</p>
  const { outcome, totals, findings, image, writer } = state
  return (
    <div class="overview">
      <button
        type="button"
        class={`card word ${outcome.word}`}
        onClick={() => {
          tab.value = 'findings'
        }}
      >
        <b>{outcome.word}</b>
        <span>
          Linux {outcome.kernel} {MEANINGS[outcome.word]}.
        </span>
        {outcome.reason !== null && <small>{outcome.reason}</small>}
      </button>
      <dl class="tiles">
        <Tile label="preserved" value={totals.bytes === null ? null : sizeText(totals.bytes)}>
          {ramText(totals.bytes, image.ramBytes)}
        </Tile>
        <Tile label="blocks" value={numberOr(totals.blocks)}>
          {totals.metadataBytes !== null && `${sizeText(totals.metadataBytes)} to say which`}
        </Tile>
        <Tile label="sessions" value={numberOr(totals.sessions)}>
          {totals.files !== null && counted(totals.files, 'file')}
        </Tile>
        <Tile label="regions" value={numberOr(totals.regions)}>
          of reserve_mem
        </Tile>
        <Tile label="findings" value={countText(findings.length)}>
          {counted(findings.filter(({ severity }) => severity === 'error').length, 'error')}
        </Tile>
      </dl>
      <div class="columns">
        <Facts stat={state} writer={writer.release === null ? null : nameText(writer.release)} />
        <Holdings stat={state} />
      </div>
    </div>
  )
}

/** A dump that was cut does not know of all of RAM. */
function ramText(bytes: number | null, ram: number): string {
  return bytes === null || bytes > ram ? 'of RAM that is not all known' : `${shareText(bytes, ram)} of RAM`
}

function numberOr(value: number | null): string | null {
  return value === null ? null : countText(value)
}

function Tile({
  label,
  value,
  children,
}: {
  label: string
  value: string | null
  children: ComponentChildren
}) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {value ?? 'not known'}
        <small>{children}</small>
      </dd>
    </div>
  )
}

function Facts({
  stat: { image, writer: by, root, scratch, scratchReason, tracker },
  writer,
}: {
  stat: Stat
  writer: string | null
}) {
  const rows: [string, string][] = [
    ['written by', `${writer ?? 'a kernel that is not known'} (${by.evidence}), ${by.abi}`],
    [
      'image',
      `${image.container}, ${sizeText(image.ramBytes)} of memory, pages of ${sizeText(image.pageSize)}`,
    ],
    ['state', `${root.direction}, map ${root.state}${root.reason === null ? '' : `: ${root.reason}`}`],
    ['root FDT', root.address === null ? 'address not known' : hexText(root.address)],
    [
      'tracker',
      `${tracker.format ?? 'none'}${tracker.nodes === null ? '' : `, ${countText(tracker.nodes)} pages`}`,
    ],
    [
      'scratch',
      scratch === null
        ? scratchReason
        : `${countText(scratch.areas)} areas${scratch.bytes === null ? '' : `, ${sizeText(scratch.bytes)}`}`,
    ],
  ]
  if (by.kexecCount !== null) rows.push(['kexecs', countText(by.kexecCount)])
  return (
    <section>
      <h3>State</h3>
      <table class="facts">
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

interface Held {
  path: string
  name: string
  what: string
  size: number | null
}

function Holdings({ stat: { sessions, regions } }: { stat: Stat }) {
  const held: Held[] = [
    ...(sessions.items ?? []).map(session => ({
      path: session.path,
      name: nameText(session.name),
      what: `session, ${counted(session.files.length, 'file')}`,
      size: sumOf(session),
    })),
    ...(regions.items ?? []).map(({ path, name, size }) => ({
      path,
      name: nameText(name),
      what: 'region',
      size,
    })),
  ]
  const reasons = [sessions.notKnown, regions.notKnown].filter(reason => reason !== null)
  return (
    <section>
      <h3>What it holds</h3>
      <table class="facts">
        <tbody>
          {held.slice(0, MOST).map(({ path, name, what, size }) => (
            <tr key={path}>
              <td>
                <button type="button" class="link" onClick={() => void find(`/${path}`)}>
                  {name === '' ? path : name}
                </button>
              </td>
              <td>{what}</td>
              <td class="number">{size === null ? 'not known' : sizeText(size)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {held.length === 0 && reasons.length === 0 && <p class="empty">No sessions, no regions.</p>}
      {held.length > MOST && <p>and {countText(held.length - MOST)} more in the tree</p>}
      {reasons.map(reason => (
        <p key={reason}>Not known: {reason}.</p>
      ))}
    </section>
  )
}

function sumOf({ files }: SessionStat): number | null {
  return files.reduce<number | null>(
    // A handle, such as a device, has no size that could be lacking.
    (sum, { size, contents }) => (!contents ? sum : sum === null || size === null ? null : sum + size),
    0,
  )
}

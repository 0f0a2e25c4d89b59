import { sizeText } from './format.js'

/** One bar: a name, how long it is, and what is said beside it. */
export interface Bar {
  name: string
  value: number
  colour: string
  note?: string
  onClick?: () => void
}

/** Bars of bytes under each other, the longest as wide as there is room. */
export function Bars({ bars, unit = sizeText }: { bars: readonly Bar[]; unit?: (value: number) => string }) {
  const most = Math.max(1, ...bars.map(({ value }) => value))
  return (
    <ul class="bars">
      {bars.map(({ name, value, colour, note, onClick }) => (
        <li key={name}>
          <button type="button" disabled={onClick === undefined} onClick={onClick}>
            {name}
          </button>
          <span class="track">
            <span class="fill" style={{ width: `${(100 * value) / most}%`, background: colour }} />
          </span>
          <span class="amount">
            {unit(value)} {note}
          </span>
        </li>
      ))}
    </ul>
  )
}

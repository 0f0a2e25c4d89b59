import { Bars } from './bars.js'
import { countText } from './format.js'
import { orderColour, ownerColours } from './palette.js'
import { find, shown } from './store.js'

const MOST = 30

/** How much memory each owner and each order has. */
export function SizesView() {
  if (shown.value === null) return null
  const { map, opened } = shown.value
  const colours = ownerColours(map.owners)
  const owners = map.owners
    .map((owner, n) => ({ owner, colour: colours[n]! }))
    .sort((a, b) => b.owner.bytes - a.owner.bytes)
  return (
    <div class="columns">
      <section>
        <h3>By owner</h3>
        <Bars
          bars={owners.slice(0, MOST).map(({ owner, colour }) => ({
            name: owner.kind === 'orphan' ? 'claimed by nobody' : owner.path,
            value: owner.bytes,
            colour,
            ...(owner.kind === 'orphan' ? {} : { onClick: () => void find(`/${owner.path}`) }),
          }))}
        />
        {owners.length > MOST && <p>and {owners.length - MOST} smaller ones</p>}
      </section>
      <section>
        <h3>By order</h3>
        <Bars
          bars={opened.totals.orders.map(({ order, bytes, blocks }) => ({
            name: `order ${order}`,
            value: bytes,
            colour: orderColour(order),
            note: `(${countText(blocks)})`,
          }))}
        />
      </section>
    </div>
  )
}

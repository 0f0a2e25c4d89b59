import { hexText, sizeText } from './format.js'
import { boot, find } from './store.js'

/** What the chosen kernel's early boot does with the state. */
export function BootView() {
  const steps = boot.value
  if (steps === null) return <p class="empty">Not followed yet.</p>
  return (
    <div class="columns">
      <section>
        <h3>
          Steps of {steps.kernel}: {steps.end}
        </h3>
        <ol class="steps">
          {steps.steps.map((step, n) => (
            <li key={`${n} ${step.step}`}>
              <code>{step.step}</code> {step.message}{' '}
              {step.address !== null && <Address address={step.address} />}
            </li>
          ))}
        </ol>
        {steps.extended.length > 0 && (
          <>
            <h3>Opened to early allocations</h3>
            <ul>
              {steps.extended.map(({ start, end }) => (
                <li key={start}>
                  {hexText(start)} to {hexText(end)}, {sizeText(end - start)}
                </li>
              ))}
            </ul>
          </>
        )}
      </section>
      <section>
        <h3>{steps.reservationCount} reservations</h3>
        <table>
          <tbody>
            {steps.reservations.map(({ start, end, who }, n) => (
              <tr key={`${n} ${start}`}>
                <td>
                  <Address address={start} />
                </td>
                <td>{sizeText(end - start)}</td>
                <td>{who}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {steps.reservationCount > steps.reservations.length && (
          <p>and {steps.reservationCount - steps.reservations.length} more</p>
        )}
      </section>
    </div>
  )
}

function Address({ address }: { address: number }) {
  return (
    <button type="button" onClick={() => void find(hexText(address))}>
      {hexText(address)}
    </button>
  )
}

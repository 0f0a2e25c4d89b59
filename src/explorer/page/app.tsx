import { useEffect } from 'preact/hooks'
import { BootView } from './boot-view.js'
import { CompareView } from './compare-view.js'
import { DiffView } from './diff-view.js'
import { FileButton, openFiles } from './file-button.js'
import { FindingsView } from './findings-view.js'
import { Head } from './head.js'
import { HexView } from './hex-view.js'
import { MapView } from './map-view.js'
import { SizesView } from './sizes-view.js'
import { failure, images, shown, TABS, type Tab, tab } from './store.js'
import { TrackerView } from './tracker-view.js'
import { TreeView } from './tree-view.js'

const VIEWS: Readonly<Record<Tab, () => preact.JSX.Element | null>> = {
  findings: FindingsView,
  hex: HexView,
  sizes: SizesView,
  tracker: TrackerView,
  boot: BootView,
  compare: CompareView,
  diff: DiffView,
}

/** The whole page. */
export function App() {
  useEffect(() => {
    const over = (event: DragEvent) => event.preventDefault()
    const drop = (event: DragEvent) => {
      event.preventDefault()
      void openFiles(event.dataTransfer?.files)
    }
    addEventListener('dragover', over)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('drop', drop)
    }
  }, [])
  return (
    <>
      <Head />
      {failure.value !== null && (
        <p class="failure" role="alert">
          {failure.value.message}
          {failure.value.hint !== null && <small> {failure.value.hint}</small>}
        </p>
      )}
      {shown.value === null ? <Welcome /> : <Workbench />}
    </>
  )
}

function Workbench() {
  const View = VIEWS[tab.value]
  return (
    <main>
      <TreeView />
      <div class="stage">
        <MapView />
        <div class="tabs" role="tablist">
          {TABS.filter(name => name !== 'diff' || images.value.b !== undefined).map(name => (
            <button
              key={name}
              type="button"
              role="tab"
              aria-selected={tab.value === name}
              onClick={() => {
                tab.value = name
              }}
            >
              {name}
            </button>
          ))}
        </div>
        <div class="panel" role="tabpanel">
          <View />
        </div>
      </div>
    </main>
  )
}

function Welcome() {
  return (
    <main class="welcome">
      <h1>What does this kernel hand to the next?</h1>
      <p>
        Drop a memory dump here: raw, ELF core, kdump, LiME, compressed or not. It is read in this page, a
        piece at a time; nothing leaves this machine.
      </p>
      <FileButton label="Open a dump" />
    </main>
  )
}

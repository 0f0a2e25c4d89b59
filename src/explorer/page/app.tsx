import { useSignalEffect } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { BootView } from './boot-view.js'
import { CompareView } from './compare-view.js'
import { DiffView } from './diff-view.js'
import { FileButton, openFiles } from './file-button.js'
import { FindingsView } from './findings-view.js'
import { Head } from './head.js'
import { HexView } from './hex-view.js'
import { MapView } from './map-view.js'
import { OverviewView } from './overview-view.js'
import { SizesView } from './sizes-view.js'
import { failure, images, reading, shown, type Tab, tab } from './store.js'
import { Tabs } from './tabs.js'
import { TrackerView } from './tracker-view.js'
import { TreeView } from './tree-view.js'

const VIEWS: Readonly<Record<Tab, () => preact.JSX.Element | null>> = {
  overview: OverviewView,
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
    const key = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement) return
      event.preventDefault()
      document.querySelector<HTMLInputElement>('.search input')?.focus()
    }
    addEventListener('keydown', key)
    addEventListener('dragover', over)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('keydown', key)
      removeEventListener('dragover', over)
      removeEventListener('drop', drop)
    }
  }, [])
  useSignalEffect(() => {
    const names = Object.values(images.value).map(({ opened }) => opened.name)
    document.title = ['kho', ...names].join(' · ')
  })
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
        <Tabs />
        <div class="panel" role="tabpanel" id="panel" aria-labelledby={`tab-${tab.value}`}>
          <View />
        </div>
      </div>
    </main>
  )
}

function Welcome() {
  if (reading.value !== null) {
    return (
      <main class="welcome">
        <h1>Reading {reading.value}</h1>
      </main>
    )
  }
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

import { batch, computed, signal } from '@preact/signals'
import type { Range } from '../../../formats/memory/range.js'
import type { Layer } from '../../map/layer.js'
import { diffMaps } from '../../map/map-diff.js'
import type { MemoryMap } from '../../map/memory-map.js'
import type { Stat } from '../../stat/stat.js'
import type { Boot, ImageData, Opened, Side } from '../protocol.js'
import { type Ask, connect, WorkerError } from './client.js'
import { around, type Bounds } from './grid.js'

/** Panels below the map. */
export const TABS = ['overview', 'findings', 'hex', 'sizes', 'tracker', 'boot', 'compare', 'diff'] as const
/** A panel. */
export type Tab = (typeof TABS)[number]
/** What the colours of the map mean. */
export type MapMode = 'owner' | 'order' | 'diff'

/** An image, open. */
export interface Shown {
  opened: Opened
  map: MemoryMap
  /** What it was opened from, to open another state of it. */
  image: ImageData
}

/** The file that is being read, where none is shown yet. */
export const reading = signal<string | null>(null)
/** Images by side. */
export const images = signal<Partial<Record<Side, Shown>>>({})
/** The side that tree, findings and hex are of. */
export const side = signal<Side>('a')
/** Releases to choose from, and the one that is chosen; null is the image's own. */
export const kernels = signal<string[]>([])
export const kernel = signal<string | null>(null)
/** The image at hand on one screen, with what the kernel makes of it. */
export const stat = signal<Stat | null>(null)
export const boot = signal<Boot | null>(null)
export const tab = signal<Tab>('overview')
export const mode = signal<MapMode>('owner')
/** What of memory the map shows. */
export const view = signal<Range>({ start: 0, end: 1 })
/** What is marked: a path, a stretch of memory, or both. */
export const selection = signal<{ path: string | null; range: Range | null }>({ path: null, range: null })
export const busy = signal(0)
export const failure = signal<{ message: string; hint: string | null } | null>(null)

/** The image at hand. */
export const shown = computed(() => images.value[side.value] ?? null)
/** What changed in memory, where there are two images. */
export const changes = computed<Layer | null>(() => {
  const { a, b } = images.value
  return a !== undefined && b !== undefined ? diffMaps(a.map, b.map) : null
})
/** All memory that the map can show. */
export const extent = computed<Range>(() => {
  const maps = Object.values(images.value).map(({ map }) => map.extent)
  if (maps.length === 0) return { start: 0, end: 1 }
  const start = Math.min(...maps.map(({ start }) => start))
  const end = Math.max(...maps.map(({ end }) => end))
  // Address 0 is where people look for the beginning, unless that would be most of the picture.
  return { start: start * 4 < end ? 0 : start, end }
})
/** Within which the map moves. */
export const bounds = computed<Bounds>(() => ({
  all: extent.value,
  pageSize: shown.value?.map.pageSize ?? 4096,
}))

let line: Ask | null = null

/** Connects the page to its worker. */
export function start(worker: Worker): void {
  line = connect(worker)
  void attempt(async () => {
    kernels.value = await ask('kernels', {})
  })
}

/** Asks the worker; the page says that it is busy meanwhile. */
export const ask: Ask = async (name, what) => {
  if (line === null) throw new WorkerError('the worker is not there', null)
  // Effects ask, too: they are not to run again because somebody is busy.
  busy.value = busy.peek() + 1
  try {
    return await line(name, what)
  } finally {
    busy.value = busy.peek() - 1
  }
}

/** Runs something of which an error is shown at the head of the page. */
export async function attempt(work: () => Promise<void>): Promise<void> {
  failure.value = null
  try {
    await work()
  } catch (error) {
    const hint = error instanceof WorkerError ? error.hint : null
    failure.value = { message: error instanceof Error ? error.message : String(error), hint }
  }
}

/** Opens an image on a side, and shows it. */
export function openImage(which: Side, image: ImageData): Promise<void> {
  return attempt(async () => {
    reading.value = image.name
    const opened = await ask('open', { side: which, image })
    const map = await ask('map', { side: which })
    batch(() => {
      images.value = { ...images.value, [which]: { opened, map, image } }
      side.value = which === 'b' ? side.value : 'a'
      view.value = extent.value
      selection.value = { path: null, range: null }
      if (which === 'b') {
        mode.value = 'diff'
        tab.value = 'diff'
      }
    })
    await judge()
  }).finally(() => {
    reading.value = null
  })
}

/** Has the chosen kernel judge the image at hand. */
export async function judge(): Promise<void> {
  if (shown.value === null) return
  const what = { side: side.value, kernel: kernel.value }
  const [screen, steps] = [await ask('stat', what), await ask('boot', what)]
  batch(() => {
    stat.value = screen
    boot.value = steps
  })
}

/** Marks a path or a stretch of memory, and has the map show it. */
export function select(path: string | null, range: Range | null, zoom = false): void {
  batch(() => {
    selection.value = { path, range }
    if (range !== null && (zoom || !inView(range))) view.value = around(range, bounds.value)
  })
}

function inView({ start, end }: Range): boolean {
  const shownRange = view.value
  return start >= shownRange.start && end <= shownRange.end
}

/** Looks an address, a path or a name up, and shows it. */
export function find(text: string): Promise<void> {
  return attempt(async () => {
    const { path, range } = await ask('find', { side: side.value, text })
    batch(() => {
      select(path, range, true)
      tab.value = 'hex'
    })
  })
}

import { compileLayout, layoutSet } from '../../../formats/described/index.js'
import { KhoError } from '../../../formats/error.js'
import { READING_KERNELS } from '../../../formats/kernels/index.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { hex } from '../../../formats/memory/fault.js'
import { blockSize, countBlocks, orders, totals } from '../../../formats/pages/page-set.js'
import { bootState, countCalls, eachReservation } from '../../boot/boot.js'
import { writeDiff } from '../../commands/diff/text.js'
import { compareTrackers } from '../../compare/compare.js'
import { diffStates } from '../../diff/diff.js'
import { loadState } from '../../image/load-state.js'
import { openSource } from '../../image/open.js'
import type { KhoState } from '../../image/state.js'
import { chooseKernel } from '../../kernel/reader/choose.js'
import { WEB_IO } from '../../library/web-io.js'
import { memoryMap } from '../../map/memory-map.js'
import { nodeCoverage } from '../../model/node-coverage.js'
import { findRule } from '../../rules/catalogue.js'
import { stat } from '../../stat/stat.js'
import { whois } from '../../whois/whois.js'
import type { Boot, DiffRow, FillRow, ImageData, Opened, RequestName, Requests, Side } from '../protocol.js'
import { blobSource } from './blob-source.js'
import { findText } from './find.js'
import { hexRows } from './hex-rows.js'
import { treeRows } from './tree.js'

/** Reservations and tracker pages that the page is sent. */
const MOST_ROWS = 2000
/** Changes likewise. */
const MOST_CHANGES = 5000

/** The states that the page shows. */
const states: Partial<Record<Side, KhoState>> = {}

/** Whether memory that a dump lacks is taken for zero. */
const absentIsZero: Partial<Record<Side, boolean>> = {}

function stateOf(side: Side): KhoState {
  const state = states[side]
  if (state === undefined) throw new KhoError('usage', 'no image is open')
  return state
}

type Answers = {
  [K in RequestName]: (ask: Requests[K]['ask']) => Requests[K]['answer'] | Promise<Requests[K]['answer']>
}

const ANSWERS: Answers = {
  async open({ side, image }) {
    const state = await openState(image)
    states[side] = state
    absentIsZero[side] = image.options?.assumeZero !== undefined
    return describe(state, image.name)
  },
  kernels: () => READING_KERNELS.map(({ name }) => name).reverse(),
  map: ({ side }) => memoryMap(stateOf(side)),
  tree: ({ side, path, from, count }) => treeRows(stateOf(side), path, from, count),
  stat: ({ side, kernel }) => stat(stateOf(side), readerOf(side, kernel)),
  rule({ id }) {
    const { title, explanation } = findRule(id)
    return { id, title, explanation }
  },
  hex: ({ side, target, rows }) => hexRows(stateOf(side), target, rows),
  whois({ side, address }) {
    const { preserved, block, owners, memory, trackerPath, hints } = whois(stateOf(side), BigInt(address))
    return {
      address,
      preserved,
      block,
      owners: owners.map(({ path }) => path),
      memory,
      trackerPath: trackerPath.map(
        ({ node, slot, bit }) =>
          node + (slot === null ? '' : `[${slot}]`) + (bit === null ? '' : ` bit ${bit}`),
      ),
      hints,
    }
  },
  find: ({ side, text }) => findText(stateOf(side), text),
  boot: ({ side, kernel }) => bootOf(side, kernel),
  fill: ({ side }) => fillOf(stateOf(side)),
  compare({ side }) {
    const state = stateOf(side)
    const { rows } = compareTrackers(state.tracker.decode.pages, state.geometry, state.image.ramKnown)
    return rows.map(({ tracker, cost, refused }) => ({
      tracker,
      bytes: cost?.handedOverBytes ?? null,
      pages: cost?.atRest.pages ?? null,
      reservations: cost?.readBack.reservations ?? null,
      refused,
    }))
  },
  diff() {
    const rows = diffRows(stateOf('a'), stateOf('b'))
    return {
      same: rows.length === 0,
      rows: rows.slice(0, MOST_CHANGES),
      more: Math.max(0, rows.length - MOST_CHANGES),
    }
  },
}

/** The answer to one request of the page. */
export function answerTo(name: RequestName, ask: unknown): unknown {
  return (ANSWERS[name] as (ask: unknown) => unknown)(ask)
}

async function openState({ name, options = {}, ...data }: ImageData): Promise<KhoState> {
  const source = 'blob' in data ? blobSource(data.blob, name) : bytesSource(new Uint8Array(data.bytes))
  const image = await openSource({ name, source, parts: [], close: () => {} }, {}, WEB_IO)
  const { layouts, ...plain } = options
  return loadState(
    image,
    layouts === undefined ? plain : { ...plain, layouts: layoutSet(layouts.map(compileLayout)) },
  )
}

function readerOf(side: Side, kernel: string | null): { reader?: string; absentIsZero: boolean } {
  return {
    ...(kernel === null ? {} : { reader: kernel }),
    absentIsZero: absentIsZero[side] === true,
  }
}

function describe(state: KhoState, name: string): Opened {
  const { image, root, tracker, geometry, candidates } = state
  const { pages } = tracker.decode
  return {
    name,
    container: image.container,
    abi: state.abi,
    compatible: state.compatible,
    pageSize: geometry.pageSize,
    ram: [...image.ramKnown],
    root: {
      address: root.address,
      direction: root.direction,
      state: root.state,
      evidence: root.evidence.map(({ message }) => message),
    },
    candidates: candidates.map(({ address, direction, state: map }) => ({ address, direction, state: map })),
    tracker: {
      format: tracker.format ?? 'none',
      state: tracker.state,
      reason: tracker.reason,
      nodes: tracker.decode.nodes.length,
    },
    totals: {
      ...totals(pages),
      orders: orders(pages)
        .map(order => ({ order, blocks: countBlocks(pages, order), size: blockSize(pages, order) }))
        .filter(({ blocks }) => blocks > 0)
        .map(({ order, blocks, size }) => ({ order, blocks, bytes: blocks * size })),
    },
    defaultKernel: chooseKernel(state, undefined).release,
  }
}

/** A map that no kernel boots on any more is an answer too, not an error of the page. */
function bootOf(side: Side, kernel: string | null): Boot {
  const state = stateOf(side)
  let boot: ReturnType<typeof bootState>
  try {
    boot = bootState(state, readerOf(side, kernel))
  } catch (error) {
    if (!(error instanceof KhoError) || error.code !== 'broken-state') throw error
    return {
      kernel: kernel ?? '',
      end: error.message,
      steps: [],
      reservations: [],
      reservationCount: 0,
      extended: [],
      assumptions: [],
    }
  }
  const reservations: Boot['reservations'] = []
  for (const { start, end, who } of eachReservation(boot.reservations, state.geometry.pageSize)) {
    if (reservations.length === MOST_ROWS) break
    reservations.push({ start, end, who })
  }
  return {
    kernel: boot.kernel.release,
    end: boot.cause === null ? boot.end : `${boot.end}: ${boot.cause.message}`,
    steps: boot.steps.map(({ function: step, message, address }) => ({ step, message, address })),
    reservations,
    reservationCount: countCalls(boot.reservations),
    extended: boot.extended ?? [],
    assumptions: boot.assumptions,
  }
}

function fillOf(state: KhoState): FillRow[] {
  const rows: FillRow[] = []
  for (const node of state.tracker.decode.nodes) {
    if (rows.length === MOST_ROWS) break
    const covered = nodeCoverage(state, node)
    if (covered === null) continue
    const { order, range, used, of } = covered
    const path = `tracker/nodes/${hex(node.address)}`
    rows.push({ path, address: node.address, what: node.kind, order, covers: range, used, room: of })
  }
  return rows
}

const PLAIN = (text: string) => text
const PALETTE = { label: PLAIN, strong: PLAIN, faint: PLAIN, good: PLAIN, warning: PLAIN, bad: PLAIN }

function diffRows(a: KhoState, b: KhoState): DiffRow[] {
  const options = { structure: false, ignore: [] }
  let text = ''
  const write = (piece: string | Uint8Array) => {
    if (typeof piece === 'string') text += piece
  }
  writeDiff(write, diffStates(a, b, options), { ...options, palette: PALETTE, lines: 1000, ranges: 3 })
  return text.split('\n').flatMap(line => {
    const match = /^([-+~?]) (\S+) ?(.*)$/.exec(line)
    return match === null ? [] : [{ sign: match[1]!, path: match[2]!, text: match[3]! }]
  })
}

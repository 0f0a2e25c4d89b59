import { createContext } from '../../formats/blobs/context.js'
import { type Blob, type Luo, memfdVersion } from '../../formats/blobs/index.js'
import {
  type Compiled,
  type CompiledStruct,
  type DescribedIndex,
  type DescribedNode,
  type DescribedRoot,
  type FollowContext,
  type LayoutUse,
  misfit,
  readDescribed,
  walkDescribed,
} from '../../formats/described/index.js'
import { appendPath } from '../../formats/layout/index.js'
import { type Fault, hex } from '../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import type { KhoState } from '../image/state.js'
import { orderFinder } from './block-finder.js'

/** What somebody hands over whose structures a layout tells. */
export interface Described {
  all: Compiled
  compiled: CompiledStruct
  /** Null where nothing can be said of what is in it: `why` says why. */
  node: DescribedNode | null
  why: string | null
  /** Of the structure's fields. */
  path: string
}

/** All of a state's. */
export interface DescribedState extends DescribedIndex {
  /** By the path of the file, the FLB object or the blob. */
  owners: ReadonlyMap<string, Described>
  faults: readonly Fault[]
}

/** Somebody who may hand over what a layout tells. */
interface Candidate {
  use: LayoutUse
  name: string
  /** Physical address of the structure. */
  address: bigint
  owner: string
  path: string
  claimed: boolean
}

const cache = new WeakMap<KhoState, DescribedState>()

/** What layouts tell of a state. Looked at once. */
export function describedOf(state: KhoState): DescribedState {
  let found = cache.get(state)
  if (found === undefined) {
    found = look(state)
    cache.set(state, found)
  }
  return found
}

function look(state: KhoState): DescribedState {
  const context = contextOf(state)
  const owners = new Map<string, Described>()
  const roots: DescribedRoot[] = []
  for (const candidate of candidatesOf(state)) {
    const described = choose(state, context, candidate)
    if (described === null) continue
    owners.set(candidate.owner, described)
    const { path, all, node } = described
    if (node !== null) roots.push({ path, all, node, claimed: candidate.claimed })
  }
  const index = walkDescribed(context, roots)
  for (const { path, address, reason } of index.missing) {
    const message = `${path} leads to ${hex(address)}, which is not in the dump (${reason})`
    context.fault('LAYOUT-ABSENT', message, address, path, reason)
  }
  if (index.cut) {
    const message = 'structures lead on and on: what is told of them is not all'
    context.fault('LAYOUT-CUT', message, null, roots[0]?.path ?? null)
  }
  return { ...index, owners, faults: context.faults() }
}

/** The structure behind a file or an FLB object. */
const STRUCT = /^luo\/(?:flbs\/[^/]+|sessions\/[^/]+\/files\/[^/]+)\/struct(?:\/|$)/

/** Says of a path whether it lies in what a layout tells. */
export function toldPaths(state: KhoState): (path: string) => boolean {
  const blobs = [...describedOf(state).owners.keys()].filter(path => !path.startsWith('luo/'))
  return path => STRUCT.test(path) || blobs.some(blob => path.startsWith(`${blob}/`))
}

function contextOf(state: KhoState): FollowContext {
  const { memory } = state.image
  const { geometry } = state
  const orderAt = orderFinder(state)
  return {
    ...createContext(memory, geometry),
    blockBytes(address) {
      const order = orderAt(address)
      return order < 0 ? 0 : geometry.pageSize * 2 ** order
    },
  }
}

function* candidatesOf(state: KhoState): Generator<Candidate> {
  for (const blob of state.blobs()) {
    const { value, name, address, path } = blob
    if (value?.kind === 'luo') yield* candidatesOfLuo(value)
    else if (address !== null && isPlain(blob)) {
      yield { use: 'children', name, address: BigInt(address), owner: path, path, claimed: true }
    }
  }
}

/** True for what no decoder of ours is for. */
function isPlain({ value }: Blob): boolean {
  return value?.kind === 'bytes' || value?.kind === 'vmalloc'
}

function* candidatesOfLuo({ sessions, flbs }: Luo): Generator<Candidate> {
  for (const { name, data, path } of flbs?.entries ?? []) {
    yield { use: 'flbs', name, address: data, ...at(path) }
  }
  for (const { files } of sessions) {
    for (const { compatible, data, path } of files) {
      if (memfdVersion(compatible) !== null) continue
      yield { use: 'handlers', name: compatible, address: data, ...at(path) }
    }
  }
}

function at(owner: string): Pick<Candidate, 'owner' | 'path' | 'claimed'> {
  return { owner, path: appendPath(owner, 'struct'), claimed: false }
}

/** Forms of a series that the state has another part of come before those that may be of any time. */
function inTheirTime(state: KhoState, candidates: readonly CompiledStruct[]): readonly CompiledStruct[] {
  if (!candidates.some(({ beside }) => beside !== null)) return candidates
  const luo = state.blobs().find(({ value }) => value?.kind === 'luo')?.value
  const flbs = luo?.kind === 'luo' ? (luo.flbs?.entries ?? []) : []
  const certain = candidates.filter(({ beside }) => flbs.some(({ name }) => name === beside))
  return [...certain, ...candidates.filter(({ beside }) => beside === null)]
}

function choose(state: KhoState, context: FollowContext, candidate: Candidate): Described | null {
  const { use, name, address, path } = candidate
  const match = state.layouts.find(use, name)
  if (match === null || address === 0n) return null
  const { all } = match
  const candidates = inTheirTime(state, match.candidates)
  const [first] = candidates as readonly [CompiledStruct, ...CompiledStruct[]]
  const none = (why: string): Described => ({ all, compiled: first, node: null, why, path })
  if (address >= ADDRESS_LIMIT) {
    const message = `handle ${hex(address)} is no physical address`
    context.fault('LAYOUT-POINTER', message, null, path)
    return none(message)
  }
  const place = Number(address)
  const unfit: string[] = []
  for (const compiled of candidates) {
    const read = readDescribed(context, compiled, place)
    if ('absent' in read) {
      const message = `struct ${compiled.name} at ${hex(place)} is not in the dump (${read.absent})`
      context.fault('LAYOUT-ABSENT', message, place, path, read.absent)
      return none(message)
    }
    const why = misfit(read.node, candidates.length > 1)
    if (why === null) return { all, compiled, node: read.node, why: null, path }
    unfit.push(`no ${compiled.name}: ${why}`)
  }
  const message = unfit.join('; ')
  context.fault('LAYOUT-MISFIT', message, place, path)
  return none(message)
}

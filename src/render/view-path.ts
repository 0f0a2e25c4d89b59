import { appendPath, elementSegments, encodeSegment, type Segment } from '../../formats/layout/path.js'
import type { ListView, RecordView, View } from './view.js'

/** The part of a view that a path names, or how far the path leads. */
export type Found =
  | { ok: true; view: View; path: string }
  | { ok: false; at: string; segment: Segment; known: string[] }

/** Names shown of what a path could have named. */
const SHOWN = 12

/** Follows a path down from the root view. */
export function findView(root: View, segments: readonly Segment[]): Found {
  let view = root
  let path = ''
  for (const segment of segments) {
    const next = step(view, segment)
    if (next === null) return { ok: false, at: path, segment, known: names(view) }
    path = path === '' ? encodeSegment(segment) : appendPath(path, segment)
    view = next
  }
  return { ok: true, view, path: path === '' ? '/' : path }
}

function step(view: View, segment: Segment): View | null {
  if (view.kind === 'list') return element(view, segment)
  return view.kind === 'record' ? part(view, segment) : null
}

/** What a path may leave out comes first: a region that is called `size` is meant before the blob's size. */
function part(view: RecordView, segment: Segment): View | null {
  for (const field of view.through ?? []) {
    const inner = fieldOf(view, field)
    const found = inner === null ? null : step(inner, segment)
    if (found !== null) return found
  }
  return typeof segment === 'string' ? fieldOf(view, segment) : null
}

function fieldOf(view: RecordView, field: string): View | null {
  return view.fields.find(([name]) => name === field)?.[1] ?? null
}

function element(view: ListView, segment: Segment): View | null {
  if (typeof segment === 'number') return segment < view.length ? view.at(segment) : null
  const found: number[] = []
  for (let i = 0; i < view.length && found.length < 2; i++) {
    if (view.key(i) === segment) found.push(i)
  }
  return found.length === 1 ? view.at(found[0] as number) : null
}

/** How each of the first elements of a list is written in a path. */
export function elementNames(view: ListView, limit: number): string[] {
  const keys: (string | null)[] = []
  const looked = view.distinct === true ? Math.min(limit, view.length) : view.length
  for (let i = 0; i < looked; i++) keys.push(view.key(i))
  return elementSegments(keys).slice(0, limit).map(encodeSegment)
}

function names(view: View): string[] {
  if (view.kind === 'list') return elementNames(view, SHOWN)
  if (view.kind !== 'record') return []
  const inner = (view.through ?? []).flatMap(field => {
    const through = fieldOf(view, field)
    return through === null ? [] : names(through)
  })
  return [...inner, ...view.fields.map(([field]) => encodeSegment(field))].slice(0, SHOWN)
}

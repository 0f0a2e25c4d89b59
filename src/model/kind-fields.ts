import type { Field, Kind, Through } from './kind.js'

const branches = new WeakMap<Kind<unknown>, string[]>()

/** The fields of a kind that are no values. */
export function branchesOf(kind: Kind<unknown>): string[] {
  let names = branches.get(kind)
  if (names === undefined) {
    names = Object.keys(kind.fields).filter(name => kind.fields[name]!.form !== 'leaf')
    branches.set(kind, names)
  }
  return names
}

const throughs = new WeakMap<Kind<unknown>, string[]>()

/** The fields of a kind that a path may leave out, or leave out a part of. */
export function throughFields(kind: Kind<unknown>): string[] {
  let names = throughs.get(kind)
  if (names === undefined) {
    names = Object.keys(kind.fields).filter(name => throughOf(kind.fields[name]!) !== undefined)
    throughs.set(kind, names)
  }
  return names
}

/** What of a field a path may leave out; undefined where that is nothing. */
export function throughOf(field: Field<unknown>): Through | undefined {
  return field.form === 'leaf' ? undefined : field.through
}

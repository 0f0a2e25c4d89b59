import type { MapKind, MapOwner } from '../../map/memory-map.js'

/** Colours for owners, told apart in light and dark and by people who see fewer. After Okabe and Ito, and Tol. */
const OWNERS = [
  '#4477aa',
  '#ee8866',
  '#228833',
  '#ccbb44',
  '#66ccee',
  '#aa3377',
  '#999933',
  '#882255',
  '#44aa99',
  '#dd77aa',
  '#7788cc',
  '#bb7733',
] as const

const KINDS: Readonly<Record<Exclude<MapKind, 'data' | 'metadata' | 'blob'>, string>> = {
  orphan: '#e8222e',
  tracker: '#9467bd',
  scratch: '#2a9d8f',
  handoff: '#b58900',
}

const OTHER = '#8899aa'

/** Blue to red, low orders to high ones. */
export function orderColour(order: number): string {
  const share = Math.min(order, 20) / 20
  return `hsl(${Math.round(225 - 225 * share)} 62% ${Math.round(56 - 8 * share)}%)`
}

/** Colours of `MAP_CHANGES`, in its order. */
export const CHANGE_COLOURS = ['#8899aa', '#d1495b', '#2e9e5b', '#e0a000'] as const

/** A colour for each owner: the largest have their own, the rest share one. */
export function ownerColours(owners: readonly MapOwner[]): string[] {
  const colours = owners.map(({ kind }) => (isNamed(kind) ? OTHER : KINDS[kind]))
  owners
    .map((owner, index) => ({ owner, index }))
    .filter(({ owner }) => isNamed(owner.kind))
    .sort((a, b) => b.owner.bytes - a.owner.bytes)
    .slice(0, OWNERS.length)
    .forEach(({ index }, n) => {
      colours[index] = OWNERS[n]!
    })
  return colours
}

function isNamed(kind: MapKind): kind is 'data' | 'metadata' | 'blob' {
  return kind === 'data' || kind === 'metadata' || kind === 'blob'
}

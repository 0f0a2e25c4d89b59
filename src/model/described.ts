import { postedText } from '../../formats/described/index.js'
import type { KhoState } from '../image/state.js'
import { type ClaimTraits, listClaims } from './claim.js'
import { describedContent } from './described-content.js'
import { type Described, describedOf } from './described-index.js'
import { describedItemFields } from './described-item.js'
import { partKind } from './described-part.js'
import { defineKind, type Field, NO_MEMORY, notKnown, one, text } from './kind.js'

/** What somebody hands over, as a layout tells it. */
export const DESCRIBED = defineKind<Described>({
  what: ({ all, compiled }) => [`struct ${compiled.name}`, posting(all)].filter(Boolean).join(', '),
  fields: {
    type: text(({ compiled }) => compiled.name),
    layout: text(({ all }) => all.description.title),
    posted: text(({ all }) => posting(all)?.replace(/^posted /, '') ?? null, {
      orNull: 'null where the user describes it',
    }),
    series: text(({ all }) => all.description.posted?.series ?? null, {
      orNull: 'null where the user describes it',
    }),
    fields: {
      form: 'one',
      kinds: [],
      open: true,
      through: 'all',
      orNull: 'null where the layout does not fit, or the dump lacks it',
      get({ node, compiled, path, all, why }, state) {
        if (node === null) return notKnown(why ?? 'nothing is known')
        return { kind: partKind(compiled), self: { node, path, all, index: describedOf(state) } }
      },
    },
  },
  memory({ node, compiled, path, all }, state) {
    if (node === null) return NO_MEMORY
    const self = { node, path, all, index: describedOf(state) }
    return partKind(compiled).memory?.(self, state, path) ?? NO_MEMORY
  },
  content: (self, state) => describedContent(self, state),
  *claims(self, { state }) {
    for (const { kind, starts, sizes, pathOf } of describedOf(state).claims.get(self.path) ?? []) {
      yield listClaims(starts, sizes, { ...traitsOf(self), kind }, pathOf)
    }
  },
  claimsAll: true,
  item: {
    kind: 'file',
    content: (self, state) => describedContent(self, state),
    fields: (self, state) => describedItemFields(self, state),
  },
})

/** What a layout tells of a file, an FLB object or a blob; null where none does. */
export function describedAt({ path }: { path: string }, state: KhoState): Described | null {
  const { owners } = describedOf(state)
  // Mostly there are none, and a hundred thousand paths need not be looked up.
  return owners.size === 0 ? null : (owners.get(path) ?? null)
}

/** True where the memory behind a handle is known by its structure. */
export function isDescribed(owner: { path: string }, state: KhoState): boolean {
  return (describedAt(owner, state)?.node ?? null) !== null
}

/** How something is called, and that what it hands over is only posted. */
export function withPosting(text: string, described: Described | null): string {
  return [text, described && posting(described.all)].filter(Boolean).join(', ')
}

/** The field for it. */
export function describedField<T extends { path: string }>(): Field<T> {
  return one(DESCRIBED, (owner: T, state) => describedAt(owner, state), {
    through: [],
    rare: true,
    orNull: 'null where no layout tells of it (--layout)',
  })
}

function posting({ description }: Described['all']): string | null {
  return postedText(description)
}

function traitsOf({ all, compiled }: Described): Omit<ClaimTraits, 'kind'> {
  const posted = posting(all)
  return {
    version: posted === null ? compiled.name : `${compiled.name}, ${posted}`,
    preserved: true,
  }
}

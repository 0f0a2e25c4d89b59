import { ABIS, READING_KERNELS, WRITING_KERNELS } from '../../../formats/kernels/index.js'
import type { ImageOptions } from '../../commands/shared/options.js'
import { COMMANDS } from '../../commands/table.js'

/** What the shell is to offer. */
export interface Offer {
  values: { value: string; about?: string }[]
  /** Names of files, which the shell knows best. */
  files: boolean
}

/** What an offer may depend on. */
export interface OfferContext {
  current: string
  /** Arguments before the cursor: the first is the image, where the command has one. */
  before: readonly string[]
  options: ImageOptions
}

const plain = (values: readonly string[]): Offer => ({
  values: values.map(value => ({ value })),
  files: false,
})

const RELEASES = [...new Set([...READING_KERNELS, ...WRITING_KERNELS].map(({ name }) => name))]
const PARTIES = [...RELEASES, ...ABIS.map(({ name }) => name)]

/** Offers by what the help calls a value. */
const OFFERS: Readonly<Record<string, (context: OfferContext) => Promise<Offer>>> = {
  ABI: async () => plain(ABIS.map(({ name }) => name)),
  RELEASE: async () => plain(RELEASES),
  A: async () => ({ ...plain(PARTIES), files: true }),
  B: async () => ({ ...plain(PARTIES), files: true }),
  NAME: async () => plain(COMMANDS.filter(({ schema }) => schema !== undefined).map(({ name }) => name)),
  async RULE() {
    const { RULES } = await import('../../rules/catalogue.js')
    return { values: RULES.map(({ id, title }) => ({ value: id, about: title })), files: false }
  },
  async 'RULE[:SEED]'() {
    const { DAMAGES } = await import('../../damage/index.js')
    const values = Object.entries(DAMAGES).map(([value, { about }]) => ({ value, about }))
    return { values, files: false }
  },
}

/** Values that are names of files, by how the help calls them. */
const FILES = /FILE|IMAGE|SCENARIO|DIR\b|^A$|^B$/

/** What to offer for a value of this name. */
export async function offerFor(name: string, context: OfferContext): Promise<Offer> {
  const known = OFFERS[name]
  if (known !== undefined) return known(context)
  if (/\bPATH\b/.test(name)) return pathOffer(context)
  return { values: [], files: FILES.test(name) }
}

async function pathOffer({ before, current, options }: OfferContext): Promise<Offer> {
  const [image] = before
  if (image === undefined) return plain([])
  const { imagePaths } = await import('./image-paths.js')
  return plain(await imagePaths(image, options, current))
}

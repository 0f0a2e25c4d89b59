import { type Compiled, type CompiledStruct, compileDescription } from './compile.js'
import { describe, type LayoutFile } from './layout-file.js'
import { POSTED } from './posted/index.js'

/** Who hands a structure over: a LUO file handler, an FLB object, or a child of the root FDT. */
export type LayoutUse = 'handlers' | 'flbs' | 'children'

/** Structures of one description that something of a name can be. */
export interface LayoutMatch {
  all: Compiled
  /** The first that fits is taken. */
  candidates: readonly CompiledStruct[]
}

/** Descriptions, asked by name. */
export interface LayoutSet {
  find(use: LayoutUse, name: string): LayoutMatch | null
  /** What was given, as data: a page that looks at a state elsewhere is given it, too. */
  readonly files: readonly LayoutFile[]
  /** All that there are, those that were given first. */
  names(use: LayoutUse): string[]
}

/** A description, and the file that it was. */
export interface CompiledLayout extends Compiled {
  file: LayoutFile
}

/**
 * Makes a layout file readable.
 *
 * @throws KhoError `usage` that names the structure and field for a table that cannot be
 */
export function compileLayout(file: LayoutFile): CompiledLayout {
  return { ...compileDescription(describe(file)), file }
}

let posted: CompiledLayout[] | undefined

/** What was posted, made readable when it is first asked for. */
function postedLayouts(): readonly CompiledLayout[] {
  posted ??= POSTED.map(compileLayout)
  return posted
}

/** Descriptions that were given, the first first, and behind them those that were posted. */
export function layoutSet(given: readonly CompiledLayout[] = []): LayoutSet {
  return {
    find(use, name) {
      for (const all of given) {
        const found = match(all, use, name)
        if (found !== null) return found
      }
      for (const all of postedLayouts()) {
        const found = match(all, use, name)
        if (found !== null) return found
      }
      return null
    },
    files: given.map(({ file }) => file),
    names: use => [...given, ...postedLayouts()].flatMap(({ description }) => Object.keys(description[use])),
  }
}

function match(all: Compiled, use: LayoutUse, name: string): LayoutMatch | null {
  const uses = all.description[use]
  if (!Object.hasOwn(uses, name)) return null
  return { all, candidates: uses[name]!.map(struct => all.structs.get(struct)!) }
}

import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import { printDts, readFdt } from '../../../formats/fdt/index.js'
import { joinPath, parsePath } from '../../../formats/layout/path.js'
import { fdtBytes } from '../../image/find-roots.js'
import type { KhoState } from '../../image/state.js'
import type { Node } from '../../model/node.js'
import { isPattern, matchParts, outerParts } from '../../model/pattern.js'
import { resolve } from '../../model/resolve.js'
import { findingJson } from '../../render/finding-json.js'
import { MadeList, writeJson } from '../../render/json.js'
import { createTold } from '../../render/told.js'
import { documentJson, viewJson } from '../../render/view-json.js'
import { type TreeOptions, writeTree } from '../../render/view-text.js'
import type { Finding } from '../../validate/verdict.js'
import { openState } from '../shared/open-state.js'
import {
  addImageOptions,
  addOutputOptions,
  type ImageOptions,
  type OutputOptions,
} from '../shared/options.js'
import { wantsColor, writeOutput } from '../shared/output.js'
import { paletteOf } from '../shared/palette.js'
import type { Terminal } from '../shared/terminal.js'
import { writeDump } from './text.js'

interface DumpOptions extends ImageOptions, OutputOptions {
  all?: boolean
  depth?: number
  dts?: boolean
}

/** Elements of a list that are shown before `… N more`. */
const SHOWN = 8

const HELP = `
PATH names a part: fdt, tracker, scratch, handoff, kexec-metadata, memblock, luo, kho_test,
blobs/<name>, and what lies below. A list's element goes by its key or by #N; * stands for any
characters within a step, ** for any number of steps.

Examples:
  kho dump vmcore
  kho dump vmcore luo/sessions/vm-a/files/2 --all
  kho dump vmcore 'luo/sessions/*/files/*' --depth 0
  kho dump vmcore memblock --dts
  kho dump vmcore --root incoming --json`

/** `kho dump IMAGE [PATH]`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Show the whole handed-over state as a tree, or the part at PATH.')
    .argument('<IMAGE>', 'a memory dump')
    .argument('[PATH]', 'the part to show, or a pattern')
    .option('--all', 'show every element of long lists')
    .option('--depth <N>', 'levels of the tree that are shown', parseDepth)
    .option('--dts', 'a device tree as source: the root FDT, or the FDT at PATH')
    .addHelpText('after', HELP)
    .action((image: string, path: string | undefined, options: DumpOptions) =>
      dump(image, path, options, terminal),
    )
  addOutputOptions(command, 'document')
  addImageOptions(command)
}

async function dump(
  image: string,
  path: string | undefined,
  options: DumpOptions,
  terminal: Terminal,
): Promise<void> {
  if (options.dts === true && options.json === true)
    throw new KhoError('usage', '--dts and --json exclude each other')
  // Refused before the image is looked at.
  const pattern = path !== undefined && isPattern(path)
  const named = path === undefined ? '/' : pattern ? path : joinPath(parsePath(path))
  const state = await openState(image, options, terminal)
  const inputs = [image, ...(options.part ?? [])]
  if (options.dts === true) {
    const parts = pattern ? matchParts(state, named) : [resolve(state, path === undefined ? 'fdt' : named)]
    const source = parts.map(part => sourceOf(state, part)).join('')
    writeOutput(terminal, { ...options, verbatim: true }, inputs, write => write(source))
    return
  }
  const tree: TreeOptions = {
    palette: paletteOf(wantsColor(options, terminal)),
    limit: options.all === true ? Number.POSITIVE_INFINITY : SHOWN,
    told: createTold(),
    ...(options.depth === undefined ? {} : { depth: options.depth }),
  }
  const parts = pattern ? outerParts(state, named) : named === '/' ? null : [resolve(state, named)]
  if (parts === null) {
    const findings = await findingsOf(state)
    writeOutput(terminal, options, inputs, write => {
      if (options.json === true) writeJson(write, wholeJson(state, findings))
      else writeDump(write, state, findings, tree)
    })
    return
  }
  writeOutput(terminal, options, inputs, write => {
    if (options.json === true)
      writeJson(write, { schema: 'kho/dump/1', ...bodyOf(state, parts, named, pattern) })
    else for (const part of parts) writeTree(write, pattern ? part.path : named, state, part.view, tree)
  })
}

/** What `kho validate` says of a state; of a part of it nobody asks. */
async function findingsOf(state: KhoState): Promise<readonly Finding[]> {
  const { validateState } = await import('../../validate/validate.js')
  return validateState(state).findings
}

function wholeJson(state: KhoState, findings: readonly Finding[]) {
  return { schema: 'kho/dump/1', ...documentJson(state), findings: findings.map(findingJson) }
}

function bodyOf(state: KhoState, parts: readonly Node[], named: string, pattern: boolean) {
  if (!pattern) return { path: named, value: viewJson(state, parts[0]!.view) }
  const told = createTold()
  const values = new MadeList(parts.length, n => {
    const { path, view } = parts[n]!
    return { path, value: viewJson(state, view, told) }
  })
  return { parts: values }
}

/** The FDT at a part, as source. Throws `usage` where there is none. */
function sourceOf(state: KhoState, part: Node): string {
  const start = part.memory.extents[0]?.start
  const bytes = start === undefined ? null : fdtBytes(state.image.memory, start)
  const { tree } = bytes === null ? { tree: null } : readFdt(bytes)
  if (tree !== null) return printDts(tree)
  throw new KhoError('usage', `${part.path} (${part.what}) is no device tree`, {
    hint: 'the root FDT is fdt; blobs of FDTs are such as memblock',
  })
}

function parseDepth(text: string): number {
  if (/^[0-9]{1,6}$/.test(text)) return Number(text)
  throw new KhoError('usage', `--depth: '${text}' is no number of levels; write it like 2`)
}

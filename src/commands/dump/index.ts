import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import { encodeSegment, parsePath } from '../../../formats/layout/path.js'
import type { KhoState } from '../../image/state.js'
import { writeJson } from '../../render/json.js'
import { documentView, pathsView } from '../../render/state-view.js'
import type { View } from '../../render/view.js'
import { viewJson } from '../../render/view-json.js'
import { findView } from '../../render/view-path.js'
import { type TreeOptions, writeTree } from '../../render/view-text.js'
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
}

/** Elements of a list that are shown before `… N more`. */
const SHOWN = 8

const HELP = `
PATH names a part: fdt, tracker, scratch, handoff, kexec-metadata, memblock, luo, kho_test,
blobs/<name>, and what lies below. A list's element goes by its key or by #N.

Examples:
  kho dump vmcore
  kho dump vmcore luo/sessions/vm-a/files/2 --all
  kho dump vmcore tracker/nodes/0x630000
  kho dump vmcore --root incoming --json`

/** `kho dump IMAGE [PATH]`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Show the whole handed-over state as a tree, or the part at PATH.')
    .argument('<IMAGE>', 'a memory dump')
    .argument('[PATH]', 'the part to show')
    .option('--all', 'show every element of long lists')
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
  const segments = path === undefined ? [] : parsePath(path)
  const state = await openState(image, options, terminal)
  const part = segments.length === 0 ? null : partAt(state, segments)
  const tree: TreeOptions = {
    palette: paletteOf(wantsColor(options, terminal)),
    limit: options.all === true ? Number.POSITIVE_INFINITY : SHOWN,
  }
  writeOutput(terminal, options, [image, ...(options.part ?? [])], write => {
    if (options.json === true) {
      const body =
        part === null ? viewJson(documentView(state)) : { path: part.path, value: viewJson(part.view) }
      writeJson(write, { schema: 'kho/dump/1', ...(body as object) })
    } else if (part !== null) {
      writeTree(write, part.path, part.view, tree)
    } else {
      writeDump(write, state, tree)
    }
  })
}

function partAt(state: KhoState, segments: ReturnType<typeof parsePath>): { view: View; path: string } {
  const found = findView(pathsView(state), segments)
  if (found.ok) return found
  const where = found.at === '' ? 'the state' : found.at
  const known = found.known.length === 0 ? `${where} has no parts` : `${where} has ${found.known.join(', ')}`
  throw new KhoError('usage', `there is no ${encodeSegment(found.segment)} in ${where}`, { hint: known })
}

import type { Command } from 'commander'
import { joinPath, parsePath } from '../../../formats/layout/path.js'
import { resolve } from '../../model/resolve.js'
import { writeJson } from '../../render/json.js'
import { documentJson, viewJson } from '../../render/view-json.js'
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
  // Refused before the image is looked at.
  const named = path === undefined ? '/' : joinPath(parsePath(path))
  const state = await openState(image, options, terminal)
  const part = named === '/' ? null : resolve(state, named)
  const tree: TreeOptions = {
    palette: paletteOf(wantsColor(options, terminal)),
    limit: options.all === true ? Number.POSITIVE_INFINITY : SHOWN,
  }
  writeOutput(terminal, options, [image, ...(options.part ?? [])], write => {
    if (options.json === true) {
      const body = part === null ? documentJson(state) : { path: named, value: viewJson(state, part.view) }
      writeJson(write, { schema: 'kho/dump/1', ...body })
    } else if (part !== null) {
      writeTree(write, named, state, part.view, tree)
    } else {
      writeDump(write, state, tree)
    }
  })
}

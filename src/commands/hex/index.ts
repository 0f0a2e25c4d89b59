import type { Command } from 'commander'
import { hex as hexText } from '../../../formats/memory/fault.js'
import { rangeSize } from '../../../formats/memory/range.js'
import { addressBatches, partBatches } from '../../hex/spans.js'
import { noBytes } from '../../model/resolve.js'
import { type JsonOf, writeJson } from '../../render/json.js'
import { openState } from '../shared/open-state.js'
import {
  addImageOptions,
  addOutputOptions,
  type ImageOptions,
  type OutputOptions,
} from '../shared/options.js'
import { columnsOf, wantsColor, writeOutput } from '../shared/output.js'
import { paletteOf } from '../shared/palette.js'
import { targetOf } from '../shared/target.js'
import type { Terminal } from '../shared/terminal.js'
import { hexJson } from './json.js'
import type { schema } from './schema.js'
import { hexTitle, writeHex } from './text.js'

interface HexOptions extends ImageOptions, OutputOptions {}

const HELP = `
Columns: physical address, offset in the file (- where the bytes have no one place there), bytes, text,
name and value. ADDR alone shows the rest of its page. Bytes that the dump lacks are said to be so, with the
reason; bytes that no structure explains are marked (not decoded).

Examples:
  kho hex vmcore luo/sessions/vm-a/files/1/memfd
  kho hex vmcore tracker/nodes/0x630000
  kho hex vmcore 0x60d000+256`

/** `kho hex IMAGE PATH|ADDR[+LEN]`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Dump bytes with the structures in them: field by field, slot by slot, run by run.')
    .argument('<IMAGE>', 'a memory dump')
    .argument('<PATH|ADDR[+LEN]>', 'a part of the state, or a physical address')
    .addHelpText('after', HELP)
    .action((image: string, target: string, options: HexOptions) => run(image, target, options, terminal))
  addOutputOptions(command, 'document')
  addImageOptions(command)
}

async function run(image: string, text: string, options: HexOptions, terminal: Terminal): Promise<void> {
  const state = await openState(image, options, terminal)
  const { kind, part } = targetOf(state, text)
  const { path, what } = part
  const { extents } = part.memory
  if (extents.length === 0) throw noBytes(part)
  const spans = kind === 'part' ? partBatches(state, part) : addressBatches(state, extents[0]!)
  writeOutput(terminal, options, [image, ...(options.part ?? [])], write => {
    if (options.json === true) {
      const places = extents.map(extent => ({ address: hexText(extent.start), size: rangeSize(extent) }))
      const name = kind === 'part' ? path : null
      const document: JsonOf<typeof schema> = {
        schema: 'kho/hex/1',
        path: name,
        what,
        extents: places,
        spans: hexJson(spans),
      }
      writeJson(write, document)
      return
    }
    const palette = paletteOf(wantsColor(options, terminal))
    write(`${palette.strong(hexTitle(path, what, extents))}\n`)
    writeHex(write, spans, palette, columnsOf(options, terminal))
  })
}

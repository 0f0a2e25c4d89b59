import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import { type JsonOf, jsonLine, writeJson } from '../../render/json.js'
import { checkMap, type Whois, whois } from '../../whois/whois.js'
import { EXIT } from '../shared/exit-codes.js'
import { parseAddress } from '../shared/numbers.js'
import { openState } from '../shared/open-state.js'
import {
  addImageOptions,
  addOutputOptions,
  checkOutputOptions,
  type ImageOptions,
  type OutputOptions,
} from '../shared/options.js'
import { wantsColor, writeOutput } from '../shared/output.js'
import { paletteOf } from '../shared/palette.js'
import type { Terminal } from '../shared/terminal.js'
import { warn } from '../shared/warn.js'
import { whoisJson } from './json.js'
import type { schema } from './schema.js'
import { writeWhois } from './text.js'

interface WhoisOptions extends ImageOptions, OutputOptions {}

const HELP = `
Without ADDR the addresses are read from standard input, one a line; what follows an address on its
line is passed over, so that \`kho pages A | kho whois B\` works.

Exit code 1 when one of the addresses is not preserved.

Examples:
  kho whois vmcore 0x60d000 1G
  kho pages old.elf | kho whois new.elf --ndjson`

/** `kho whois IMAGE ADDR…`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Say what each address is: preserved or not, order, the way to its bit, owner, neighbours.')
    .argument('<IMAGE>', 'a memory dump')
    .argument('[ADDR...]', 'physical addresses')
    .addHelpText('after', HELP)
    .action((image: string, addresses: string[], options: WhoisOptions) =>
      run(image, addresses, options, terminal),
    )
  addOutputOptions(command, 'list')
  addImageOptions(command)
}

async function run(
  image: string,
  given: readonly string[],
  options: WhoisOptions,
  terminal: Terminal,
): Promise<void> {
  checkOutputOptions(options)
  const addresses = given.length > 0 ? given.map(asked) : inputAddresses(terminal)
  const state = await openState(image, options, terminal)
  checkMap(state)
  let missing = 0
  const answers = function* (): Generator<Whois> {
    for (const address of addresses) {
      const answer = whois(state, address)
      if (!answer.preserved) missing++
      yield answer
    }
  }
  const palette = paletteOf(wantsColor(options, terminal))
  writeOutput(terminal, options, [image, ...(options.part ?? [])], write => {
    if (options.json === true) {
      const document: JsonOf<typeof schema> = {
        schema: 'kho/whois/1',
        addresses: mapped(answers(), whoisJson),
      }
      writeJson(write, document)
    } else if (options.ndjson === true) {
      for (const answer of answers()) write(`${jsonLine(whoisJson(answer))}\n`)
    } else {
      for (const answer of answers()) writeWhois(write, answer, state.geometry.pageSize, palette, image)
    }
  })
  if (missing === 0) return
  terminal.code = EXIT.found
  if (state.tracker.state !== 'partial') return
  // What is not found in half a map may be in the other half.
  terminal.code = EXIT.brokenState
  warn(
    terminal,
    `the map is partial (${state.tracker.reason ?? ''}): what it does not have may be preserved all the same`,
  )
}

function mapped<T, U>(values: Iterable<T>, change: (value: T) => U): Iterable<U> & object {
  return {
    *[Symbol.iterator]() {
      for (const value of values) yield change(value)
    },
  }
}

/** Addresses of standard input: the first word of each line. */
function inputAddresses(terminal: Terminal): bigint[] {
  const text = terminal.input?.()
  const words = (text ?? '').split('\n').flatMap(line => line.trim().split(/\s+/, 1))
  const addresses = words.filter(word => word !== '').map(asked)
  if (addresses.length > 0) return addresses
  throw new KhoError('usage', 'no address given', {
    hint: 'kho whois IMAGE 0x60d000, or addresses on standard input',
  })
}

/** Any u64: what is no physical address gets a hint, not a refusal. */
function asked(text: string): bigint {
  const value = /^(0x[0-9a-fA-F]+|[0-9]+)$/.test(text) ? BigInt(text) : null
  if (value !== null && value < 2n ** 64n) return value
  if (/^[0-9a-f]*[a-f][0-9a-f]*$/i.test(text)) {
    throw new KhoError('usage', `'${text}' is no address; write it like 0x60d000`, {
      hint: `hexadecimal numbers begin with 0x: 0x${text}`,
    })
  }
  return BigInt(parseAddress(text))
}

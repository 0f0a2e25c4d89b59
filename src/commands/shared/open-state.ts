import { KhoError } from '../../../formats/error.js'
import { loadState, type StateOptions } from '../../image/load-state.js'
import type { KhoImage, OpenOptions } from '../../image/open.js'
import type { KhoState } from '../../image/state.js'
import { type OpenFileOptions, openImage } from '../../node/open.js'
import { layoutsOf } from './layouts.js'
import type { ImageOptions, OutputOptions } from './options.js'
import { startSearch } from './progress.js'
import { isScenarioPath } from './scenario-path.js'
import { addInput, type Terminal } from './terminal.js'
import { warn } from './warn.js'

/** Opens the image that a command line names and decodes the state in it that it asks for. */
export async function openState(
  path: string,
  options: ImageOptions & Pick<OutputOptions, 'quiet'>,
  terminal: Terminal,
): Promise<KhoState> {
  // Refused before the image is looked at.
  const stateOptions = await stateOptionsOf(options, terminal)
  const image = await openForCommand(path, options, terminal)
  const bar = await startSearch(terminal, options)
  try {
    return loadState(image, { ...stateOptions, progress: bar.update })
  } finally {
    bar.stop()
  }
}

/** Opens an image for as long as the command runs: what is decoded lazily reads until its answer is written. */
export async function openForCommand(
  path: string,
  options: ImageOptions & Pick<OutputOptions, 'quiet'>,
  terminal: Terminal,
): Promise<KhoImage> {
  if (options.format === undefined && isScenarioPath(path)) {
    throw new KhoError('usage', `${path} is a scenario, not an image`, {
      hint: `kho simulate ${path} -o FILE makes one of it`,
    })
  }
  for (const file of [path, ...(options.part ?? [])]) addInput(terminal, file)
  const notice = (message: string) => {
    if (options.quiet !== true) warn(terminal, message)
  }
  const wanted = { ...openOptionsOf(options), notice }
  const image = path.startsWith(GUEST) ? await openRunning(path, wanted) : await openImage(path, wanted)
  terminal.cleanups ??= []
  terminal.cleanups.push(() => image.close())
  return image
}

/** What names of running guests begin with; what opens one is loaded for them only. */
const GUEST = 'qmp:'

async function openRunning(name: string, options: OpenFileOptions): Promise<KhoImage> {
  const { openGuest } = await import('../../guest/open-guest.js')
  return openGuest(name, options)
}

/** Options of the command line as the library's. */
export function openOptionsOf(options: ImageOptions): OpenOptions {
  const { format, base, map, lowMemory, ram, part } = options
  return {
    ...(format === undefined ? {} : { format }),
    ...(base === undefined ? {} : { base }),
    ...(map === undefined ? {} : { map }),
    ...(lowMemory === undefined ? {} : { lowMemory }),
    ...(ram === undefined ? {} : { ram }),
    ...(part === undefined ? {} : { parts: part }),
  }
}

/** Options of the command line as the library's; layouts are read here. */
export async function stateOptionsOf(
  options: ImageOptions,
  terminal: Pick<Terminal, 'inputs'>,
): Promise<StateOptions> {
  const { root, abi, pageSize, scratch, ram, layout } = options
  const layouts = await layoutsOf(layout, terminal)
  return {
    ...(layouts === null ? {} : { layouts }),
    ...(root === undefined ? {} : { root }),
    ...(abi === undefined ? {} : { abi }),
    ...(pageSize === undefined ? {} : { pageShift: pageSize }),
    ...(scratch === undefined ? {} : { scratch }),
    ...(ram === undefined ? {} : { ramEnd: Math.max(...ram.map(range => range.end)) }),
  }
}

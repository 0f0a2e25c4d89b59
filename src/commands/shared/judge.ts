import { loadState } from '../../image/load-state.js'
import type { KhoImage } from '../../image/open.js'
import type { KhoState } from '../../image/state.js'
import { knownRam } from '../../kernel/reader/choose.js'
import type { ValidateOptions } from '../../validate/validate.js'
import { stateOptionsOf } from './open-state.js'
import type { ImageOptions, OutputOptions } from './options.js'
import { startSearch } from './progress.js'
import type { Terminal } from './terminal.js'

/** What commands that judge a state are given. */
export interface JudgeOptions extends ImageOptions, Pick<OutputOptions, 'quiet'> {
  reader?: string
  readerCmdline?: string
}

/** Options of the command line as the library's. */
export function judgeSettings({ reader, readerCmdline, ram, absent }: JudgeOptions): ValidateOptions {
  return {
    ...(reader === undefined ? {} : { reader }),
    ...(readerCmdline === undefined ? {} : { readerCmdline }),
    ...(ram === undefined ? {} : { ram }),
    absentIsZero: absent === 'zero',
  }
}

/** The state that is judged: with `--absent zero` what the dump lacks is zeros to its decoders, too. */
export async function loadJudged(
  image: KhoImage,
  options: JudgeOptions,
  terminal: Terminal,
): Promise<KhoState> {
  const zero = options.absent === 'zero' ? { assumeZero: { ram: knownRam(image, options.ram) } } : {}
  const stateOptions = await stateOptionsOf(options, terminal)
  const bar = await startSearch(terminal, options)
  try {
    return loadState(image, { ...stateOptions, ...zero, progress: bar.update })
  } finally {
    bar.stop()
  }
}

import { describe, expect, it } from 'vitest'
import { startProgress, timeText } from '../../../../src/commands/shared/progress.js'
import type { Terminal } from '../../../../src/commands/shared/terminal.js'

const GIB = 2 ** 30

/** Work of which a piece is done each 100 ms; what is said about it. */
async function said(total: number, piece: number, quiet = false): Promise<string> {
  let err = ''
  let time = 0
  const terminal: Terminal = {
    out() {},
    err: text => {
      err += text
    },
    outIsTerminal: false,
    errIsTerminal: false,
    env: {},
  }
  const progress = await startProgress('reading', terminal, { quiet }, 'do less', () => time)
  for (let done = 0; done < Math.min(total, piece * 50); done += piece) {
    progress.update(done, total)
    time += 100
  }
  progress.stop()
  return err
}

describe('work that takes long', () => {
  it('is announced once, with size, rate, time left and what makes it shorter', async () => {
    expect(await said(1024 * GIB, GIB / 10)).toBe(
      'kho: reading: 1 TiB to read at 1 GiB/s, 17 min left; do less\n',
    )
  })

  it('says nothing where little is ahead, or where nothing is to be said', async () => {
    expect(await said(10 * GIB, GIB / 10)).toBe('')
    expect(await said(1024 * GIB, GIB / 10, true)).toBe('')
  })

  it.each([
    [0.2, '1 s'],
    [59, '59 s'],
    [61, '1 min'],
    [3600, '1 h'],
    [7500, '2 h 5 min'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(timeText(seconds)).toBe(text)
  })
})

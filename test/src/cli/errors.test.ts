import { describe, expect, it } from 'vitest'
import { KhoError } from '../../../formats/error.js'
import { reportError } from '../../../src/cli/errors.js'
import type { Terminal } from '../../../src/commands/shared/terminal.js'
import { ClosedPipe } from '../../../src/node/write.js'

function report(error: unknown, args: string[] = ['dump', 'x'], env: Record<string, string> = {}) {
  let err = ''
  const terminal: Terminal = {
    out() {},
    err: text => {
      err += text
    },
    outIsTerminal: false,
    errIsTerminal: false,
    env,
  }
  return { code: reportError(error, args, terminal), err }
}

describe('reportError', () => {
  it('says where, and what to try', () => {
    const error = new KhoError('unreadable', 'the header is cut short', {
      path: 'a.elf',
      offset: 64,
      address: 0x1000,
      hint: 'dump again',
    })
    expect(report(error)).toEqual({
      code: 3,
      err: 'kho: the header is cut short (a.elf, physical 0x1000, offset 64)\nkho: hint: dump again\n',
    })
    expect(report(error, ['dump', 'x', '--quiet']).err).not.toContain('hint')
  })

  it('does not say twice what the message says', () => {
    const error = new KhoError('no-state', 'a.elf: nothing at 0x1000', { path: 'a.elf', address: 0x1000 })
    expect(report(error).err).toBe('kho: a.elf: nothing at 0x1000\n')
    const cut = new KhoError('unreadable', 'the file ends at 64', { offset: 64 })
    expect(report(cut).err).toBe('kho: the file ends at 64\n')
  })

  it('takes no digit of a name for the offset', () => {
    const error = new KhoError('unknown-format', '/tmp/a0/64-b/0.raw: no magic', { offset: 0 })
    expect(report(error).err).toBe('kho: /tmp/a0/64-b/0.raw: no magic (offset 0)\n')
  })

  it('knows an error of a second copy of the package', () => {
    const error = Object.assign(new Error('gone'), { name: 'KhoError', code: 'missing', place: {} })
    expect(report(error)).toEqual({ code: 6, err: 'kho: gone\n' })
  })

  it('owns up to a bug, without a stack', () => {
    const { code, err } = report(new TypeError('x is not a function'), ['dump', 'a\nb'])
    expect(code).toBe(70)
    expect(err).toContain('kho: internal error: TypeError: x is not a function\n')
    expect(err).toContain('kho: this is a bug in kho ')
    expect(err).toContain('kho dump a\\nb\n')
    expect(err).not.toContain('    at ')
  })

  it('shows the stack when asked to', () => {
    expect(report(new TypeError('x'), [], { KHO_DEBUG: '1' }).err).toContain('    at ')
  })

  it('takes a call out of turn for a bug, and so a thrown non-error', () => {
    expect(report(new KhoError('bad-sequence', 'endNode before beginNode')).code).toBe(70)
    expect(report('text').code).toBe(70)
  })

  it('tells a full disk from a bug', () => {
    const error = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
    expect(report(error)).toEqual({ code: 6, err: 'kho: cannot write the output: ENOSPC: no space left\n' })
  })

  it('takes a closed pipe for the end', () => {
    expect(report(new ClosedPipe())).toEqual({ code: 0, err: '' })
  })
})

import { describe, expect, it } from 'vitest'
import { completeLog, createLineLog } from '../../../src/guest/line-log.js'

const bytes = (text: string) => Buffer.from(text, 'latin1')

describe('createLineLog', () => {
  it('joins pieces to lines and drops carriage returns', () => {
    const log = createLineLog()
    log.push(bytes('one\r\ntw'))
    log.push(bytes('o\nthree'))
    expect(log.lines).toEqual(['one', 'two'])
    log.end()
    expect(log.lines).toEqual(['one', 'two', 'three'])
  })

  it('finds a line that is there, and one that comes later', async () => {
    const log = createLineLog()
    log.push(bytes('booting\nready 7\n'))
    expect(await log.waitFor(/^ready (\d)/)).toMatchObject({ index: 1, line: 'ready 7' })
    const later = log.waitFor(/^ready/, 2)
    log.push(bytes('noise\nready 8\n'))
    expect((await later)?.index).toBe(3)
  })

  it('tells those who wait when nothing more will come', async () => {
    const log = createLineLog()
    const waiting = log.waitFor(/never/)
    const lastLine = log.waitFor(/cut sh/)
    log.push(bytes('cut sh'))
    log.end()
    expect(await waiting).toBeNull()
    expect((await lastLine)?.line).toBe('cut sh')
    expect(await log.waitFor(/never/)).toBeNull()
  })

  it('cuts bytes without an end of line, so that they are not searched again and again', () => {
    const log = createLineLog()
    for (let i = 0; i < 3; i++) log.push(new Uint8Array(600_000).fill(0x41))
    expect(log.lines).toHaveLength(1)
  })
})

describe('completeLog', () => {
  const console = [
    'SeaBIOS',
    '[    0.000000] Linux version 7.2.13',
    '[    0.100000] KHO: found',
    '[    0.200000] one',
  ]

  it('is the buffer where that begins with the kernel, and the console where there is none', () => {
    const whole = ['<5>[    0.000000] Linux version 7.2.13', '<7>[    0.100000] debug']
    expect(completeLog(whole, console)).toEqual(whole)
    expect(completeLog([], console)).toEqual(console)
  })

  it('begins with the console where the buffer has lost its beginning', () => {
    const kept = ['<6>[    0.200000] one', '<7>[    0.300000] debug']
    expect(completeLog(kept, console)).toEqual([...console.slice(0, 3), ...kept])
    const only = ['<7>[    0.150000] debug', '<6>[    0.200000] one']
    expect(completeLog(only, console)).toEqual([...console.slice(0, 3), ...only])
  })
})

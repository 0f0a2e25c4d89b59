import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAgent } from '../../../src/guest/agent.js'
import { connectGdb, framePacket } from '../../../src/guest/gdb-stub.js'
import { createQmp } from '../../../src/guest/qmp.js'
import { listen, play, type SocketPair, socketPair } from './sockets.js'

let pair: SocketPair
beforeEach(async () => {
  pair = await socketPair()
})
afterEach(() => pair.close())

describe('createQmp', () => {
  it('negotiates, and matches answers to commands by their id', async () => {
    pair.theirs.write('{"QMP":{"version":{},"capabilities":[]}}\r\n')
    play(pair.theirs, text =>
      text
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as { execute: string; id: number })
        .map(({ execute, id }) =>
          execute === 'dump-guest-memory'
            ? `{"id":${id},"error":{"class":"GenericError","desc":"no space"}}\r\n`
            : `{"event":"STOP"}\r\n{"id":${id},"return":{"was":"${execute}"}}\r\n`,
        )
        .join(''),
    )
    const qmp = createQmp(pair.ours)
    const results = await Promise.all([
      qmp.execute('stop'),
      qmp.execute('dump-guest-memory', { paging: false }),
    ])
    expect(results).toEqual([
      { ok: true, value: { was: 'stop' } },
      { ok: false, message: 'no space' },
    ])
  })

  it('does not wait for a QEMU that is gone', async () => {
    const qmp = createQmp(pair.ours)
    const pending = qmp.execute('cont')
    pair.theirs.destroy()
    expect(await pending).toMatchObject({ ok: false })
    expect(await qmp.execute('cont')).toMatchObject({ ok: false })
  })
})

describe('createAgent', () => {
  it('reads values, bytes and refusals, one request after the other', async () => {
    const heard = play(pair.theirs, text => {
      if (text.startsWith('describe')) return '{"size":5}\nok\n'
      if (text.startsWith('read')) return '=aGVs\n=bG8=\nok\n'
      return 'error 2 session x: No such file or directory\n'
    })
    const agent = createAgent(pair.ours)
    const [described, read, refused] = await Promise.all([
      agent.request('describe', 'vm a', 7n),
      agent.request('read', '/proc/x'),
      agent.request('finish', '\xe9%'),
    ])
    expect(described).toMatchObject({ ok: true, values: [{ size: 5 }] })
    expect(read.ok && Buffer.from(read.bytes).toString()).toBe('hello')
    expect(refused).toEqual({ ok: false, errno: 2, message: 'session x: No such file or directory' })
    expect(heard).toEqual(['describe vm%20a 7\n', 'read /proc/x\n', 'finish %e9%25\n'])
  })

  it('greets each kernel that comes up, and says when there is none any more', async () => {
    const agent = createAgent(pair.ours)
    pair.theirs.write('{"ready":"7.2.13"}\nok\n')
    expect(await agent.ready()).toBe('7.2.13')
    const jump = agent.jump()
    pair.theirs.write('{"ready":"7.3.0"}\nok\n')
    expect(await jump).toMatchObject({ ok: true })
    expect(await agent.ready()).toBe('7.3.0')
    pair.theirs.destroy()
    expect(await agent.ready()).toBeNull()
    expect(await agent.request('dmesg')).toMatchObject({ ok: false, errno: null })
  })

  it('tells a jump that was refused', async () => {
    const agent = createAgent(pair.ours)
    play(pair.theirs, () => 'error 22 the jump: Invalid argument\n')
    expect(await agent.jump()).toEqual({ ok: false, errno: 22, message: 'the jump: Invalid argument' })
  })
})

describe('connectGdb', () => {
  it('frames packets with their checksum', () => {
    expect(framePacket('OK')).toBe('$OK#9a')
    expect(framePacket('')).toBe('$#00')
  })

  it('sets a breakpoint, and waits for the guest to stop there', async () => {
    const server = await listen()
    void server.accepted.then(socket => {
      // QEMU tells that it has stopped when a debugger connects.
      socket.write(framePacket('T02thread:01;'))
      play(socket, text => {
        const packet = /\$([^#]*)#/.exec(text)?.[1]
        if (packet === undefined) return null
        return `+${framePacket(packet === 'c' ? 'T05thread:01;' : 'OK')}`
      })
    })
    const gdb = await connectGdb(server.path)
    expect(await gdb.setBreakpoint(0xffffffff8103b100n)).toBe(true)
    expect(await gdb.resume()).toBe(true)
    expect(await gdb.clearBreakpoint(0xffffffff8103b100n)).toBe(true)
    await gdb.detach()
    server.close()
  })

  it('tells a breakpoint that is refused, and a guest that ends', async () => {
    const server = await listen()
    void server.accepted.then(socket =>
      play(socket, text => {
        if (text.includes('$Z')) return framePacket('E22')
        socket.destroy()
        return null
      }),
    )
    const gdb = await connectGdb(server.path)
    expect(await gdb.setBreakpoint(1n)).toBe(false)
    expect(await gdb.resume()).toBe(false)
    server.close()
  })

  it('says when nobody listens', async () => {
    await expect(connectGdb('/nowhere/gdb.sock')).rejects.toMatchObject({ code: 'missing' })
  })
})

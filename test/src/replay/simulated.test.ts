import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeContents, withHoles } from '../../../src/scenario/contents.js'
import { parseScenario } from '../../../src/scenario/scenario-file.js'
import { ROOT } from '../../built.js'
import { describeWithKernel, sha256 } from '../../material.js'
import { kho } from '../cli/kho.js'
import { expectValid } from '../cli/valid.js'

const SCENARIO = join(ROOT, 'fixtures/scenarios/luo-two-sessions.yaml')

const noFiles = () => {
  throw new Error('no contents come from files here')
}

/** What the scenario says that each file is, without a look at any memory. */
function filesOfScenario() {
  const { calls } = parseScenario(readFileSync(SCENARIO, 'utf8'))
  return calls.flatMap(call =>
    call.name !== 'luo_session'
      ? []
      : call.args.memfds.map(({ token, size, contents, holes, pos, seals }) => ({
          session: call.args.name,
          token: String(token),
          size,
          sha256: sha256(withHoles(makeContents(contents, noFiles)!, holes, size)(0, size)),
          position: pos,
          seals,
        })),
  )
}

describeWithKernel('7.2.13', 'a state made from nothing', kernel => {
  it('is taken over: every memfd comes back with its bytes, size, position and seals, and nobody warns', async () => {
    const ran = await kho(['replay', SCENARIO, '--kernel', kernel, '--expect', 'ok', '--json', '--quiet'])
    expect(ran).toMatchObject({ code: 0, err: '' })
    const document = JSON.parse(ran.out) as { messages: string[]; retrieved: unknown[] }
    expectValid('replay', document)
    expect(document).toMatchObject({
      outcome: { word: 'ok', kernel: expect.stringMatching(/^7\.2/) },
      predicted: 'ok',
      reasons: [],
      failures: [],
      collisions: [],
      asExpected: true,
    })
    const files = filesOfScenario()
    expect(files).toHaveLength(4)
    expect(document.retrieved).toEqual(files)
    expect(document.messages).toContain('KHO: exec from: made-by-hand-1.0 (count 6)')
    expect(document.messages).toContain('luo: Retrieved live update data, liveupdate number: 41')
    expect(document.messages.filter(line => line.includes('WARN'))).toEqual([])
  })
})

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadState } from '../../../src/image/load-state.js'
import { fdStoreOf, heldAs, holderOf } from '../../../src/model/fd-store.js'
import { parseScenario } from '../../../src/scenario/scenario-file.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { ROOT } from '../../built.js'
import { kho } from '../cli/kho.js'
import { expectValid } from '../cli/valid.js'
import { elfBytes, imageOf, scenarioOf } from '../simulate/dump.js'

const SCENARIO = join(ROOT, 'fixtures/scenarios/systemd.yaml')
let folder = ''
let image = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-systemd-'))
  image = join(folder, 'image.elf')
  writeFileSync(image, elfBytes(simulate(parseScenario(readFileSync(SCENARIO, 'utf8'), SCENARIO), {})))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('what systemd calls its descriptors', () => {
  it('stands beside tokens and sessions in stat', async () => {
    const { out } = await kho(['stat', image])
    expect(out).toMatch(/\n {4}2 database\.service\/wal +memfd-v2 +48 KiB /)
    expect(out).toMatch(/\n {4}18446744073709551614 vmm@blue\.service\/guest-ram +memfd-v2 /)
    expect(out).toMatch(/\n {2}vmm-blue vmm@blue\.service\/devices +1 file /)
    const json = JSON.parse((await kho(['stat', image, '--json'])).out)
    expectValid('stat', json)
    expect(json.sessions[0].files.map(({ name }: { name: string }) => name)).toEqual([
      'systemd: whose descriptors these are',
      'database.service/buffer-pool',
      'database.service/wal',
      'café.service/menü \u001b[31m',
      'vmm@blue.service/guest-ram',
    ])
    expect(json.sessions[1]).toMatchObject({ heldAs: 'vmm@blue.service/devices', files: [{ name: null }] })
  })

  it('is escaped: a unit may be called anything', async () => {
    for (const args of [['stat'], ['dump'], ['validate']]) {
      const { out } = await kho([...args, image])
      expect(out).not.toContain('\u001b')
    }
    expect((await kho(['dump', image])).out).toContain('heldAs café.service/menü \\x1b[31m')
  })

  it('is in dump, and where nothing says the tree leaves it out', async () => {
    const json = JSON.parse((await kho(['dump', image, 'luo/sessions', '--json'])).out)
    expect(json.value[0].files[2].heldAs).toBe('database.service/wal')
    expect(json.value[1].files[0].heldAs).toBeNull()
    expect((await kho(['dump', image, 'luo/sessions/vmm-blue/files'])).out).not.toContain('heldAs')
  })

  it('is what whois says of a page of a file, and of a session that a unit keeps', async () => {
    const of = async (path: string) => {
      const { value } = JSON.parse((await kho(['dump', image, path, '--json'])).out)
      const ran = JSON.parse((await kho(['whois', image, value, '--json'])).out)
      expectValid('whois', ran)
      return ran.addresses[0].owners.map(({ heldAs: name }: { heldAs: string | null }) => name)
    }
    expect(await of('luo/sessions/systemd/files/1/folios/0/address')).toEqual([
      'database.service/buffer-pool',
    ])
    expect(await of('luo/sessions/vmm-blue/files/1/folios/0/address')).toEqual(['vmm@blue.service/devices'])
    expect(await of('fdt/address').catch(() => [null])).toEqual([null])
  })

  it('is what diff calls a file that is gone', async () => {
    const text = readFileSync(SCENARIO, 'utf8').replace(/^ *- \{ token: 2, .*\n/m, '')
    const scenario = parseScenario(text, SCENARIO)
    const other = join(folder, 'other.elf')
    writeFileSync(other, elfBytes(simulate(scenario, {})))
    const { out } = await kho(['diff', image, other])
    expect(out).toContain('- luo/sessions/systemd/files/2 removed: memfd-v2 held as database.service/wal')
    expect((await kho(['validate', other])).out).toContain(
      'warning SYSTEMD-TOKEN-MISSING luo/sessions/systemd/files/0 0x',
    )
  })
})

/** A machine whose session `systemd` has this at token 0. */
async function stateWith(contents: 'none' | { pattern: string } | { seed: number }, size = 64) {
  const scenario = scenarioOf({
    machine: { kernel: '7.2', ram: ['0-1G'], scratch: [{ address: 0x38000000, size: '32M' }] },
    calls: [{ luo_session: { name: 'systemd', memfds: [{ token: 0, size, contents }] } }, 'kexec'],
  })
  return loadState(await imageOf(simulate(scenario, {})))
}

describe('a mapping that is none', () => {
  it.each([
    [{ pattern: '{"units":' }, 64, 'no mapping of units', false],
    [{ seed: 9 }, 4096, 'no UTF-8', false],
    ['none', 64, 'not in the dump', true],
    [{ seed: 9 }, 2 ** 20 + 1, 'its size is none', false],
  ] as const)('%j of %i bytes: %s', async (contents, size, reason, lacking) => {
    const state = await stateWith(contents, size)
    const found = fdStoreOf(state)
    expect(found).toMatchObject({ store: null, lacking })
    expect(found?.reason).toContain(reason)
    expect(heldAs(state, 'luo/sessions/systemd/files/0')).toBeNull()
    expect(holderOf(state, 'luo/sessions/systemd/files/0/folios/0')).toBeNull()
  })

  it('that the dump lacks is a note, any other a warning', async () => {
    const severities = async (state: Awaited<ReturnType<typeof stateWith>>) => {
      const { validateState } = await import('../../../src/validate/validate.js')
      const { findings } = validateState(state)
      return findings.filter(({ rule }) => rule === 'SYSTEMD-MAPPING').map(({ severity }) => severity)
    }
    expect(await severities(await stateWith('none'))).toEqual(['info'])
    expect(await severities(await stateWith({ seed: 9 }))).toEqual(['warning'])
  })
})

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KERNELS, WRITING_KERNELS } from '../../../formats/kernels/index.js'
import { didYouMean } from '../../../formats/layout/nearest.js'
import { ROOT } from '../../built.js'
import { fixture, kho } from './kho.js'

/*
 * Every message that a mistake on the command line brings, in one file, to be read as a user would: messages.txt beside this one.
 * `vitest -u` writes it anew; read the difference before it is committed.
 */

const NAMES = [
  'vmcore',
  'empty',
  'zeros',
  'text',
  'cut',
  'machine.yaml',
  'broken.yaml',
  'old.elf',
  'qemu',
  'out',
  'folder',
]

const LINES = `
frobnicate
pagse vmcore
lst vmcore
nowhere.elf
machine.yaml
help frob
help pagse
pages
hex vmcore
diff
simulate
completion
completion tcsh
pages vmcore more
pages vmcore --frob
pages vmcore --rnages
pages vmcore --base
pages vmcore --base 12x
pages vmcore --base 4P
pages vmcore --low-memory 0
pages vmcore --page-size 8K
pages vmcore --root sideways
pages vmcore --root 0x1000
pages vmcore --format zip
pages vmcore --format kdump
pages vmcore --format lime
pages zeros --format elf
pages vmcore --ram 5-5
pages vmcore --ram 0x1000
pages vmcore --map 1=2
pages vmcore --scratch 0x1000
pages vmcore --json --ndjson
pages vmcore --color yes
pages vmcore --abi kho-v9
pages vmcore -o vmcore
pages vmcore -o folder
pages vmcore -o nowhere/out
pages vmcore --part nowhere.elf
pages nowhere.elf
pages folder
pages /dev/null
pages empty
pages zeros
pages text
pages cut
pages qemu
pages old.elf
pages machine.yaml
dump vmcore LUO
dump vmcore nowhere/at/all
dump vmcore luo/sessions/vm-c
dump vmcore tracker/nodes/0x1234
dump vmcore fdt/compatibel
dump vmcore 5
dump vmcore a//b
dump vmcore scratch/#x
dump vmcore a%zz
hex vmcore luo/sessions
hex vmcore 0x1000-0x1000
hex vmcore 0xfffffffffffff+4K
whois vmcore
whois vmcore luo
whois vmcore 0x1000-0x2000
whois vmcore 0x1000+4K
extract vmcore luo/sessions/vm-c -o out
diff vmcore
diff vmcore nowhere.elf
diff vmcore vmcore --ignore adress
diff vmcore vmcore --json --stat
rules nonsense
rules RADIX-CYCEL
validate vmcore --deny RADIX
validate vmcore --expect okay
validate vmcore --fail-on errors
validate vmcore --reader kho-v9
validate vmcore --reader 5.10
validate vmcore --reader graf
boot vmcore --restore x
abi 7.2 5.10
abi 7.2 vmcore
abi nowhere.elf 7.2
schema dmup
map vmcore --width 5
map vmcore --rows x
convert vmcore --to kho-v3
convert vmcore --to kho-v9 -o out
convert vmcore --to kho-v3 --json -o -
slim vmcore
simulate vmcore -o out
simulate broken.yaml -o out
simulate nowhere.yaml -o out
simulate machine.yaml -o out --damage RADIX-CYCEL
simulate machine.yaml -o out --damage RADIX-CYCLE:x
simulate machine.yaml -o out --damage nonsense
replay vmcore
replay vmcore --kernel nowhere.elf
capture --kernel text -o out
capture --kernel machine.yaml --memory x -o out
`
  .trim()
  .split('\n')

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-messages-'))
  const image = fixture('basic-1g.s2-early')
  symlinkSync(image, join(folder, 'vmcore'))
  const bytes = readFileSync(image)
  writeFileSync(join(folder, 'cut'), bytes.subarray(0, 100_000))
  writeFileSync(join(folder, 'empty'), '')
  writeFileSync(join(folder, 'zeros'), new Uint8Array(2 ** 20))
  writeFileSync(join(folder, 'text'), 'vmcore-dmesg: nothing but text\n')
  writeFileSync(join(folder, 'qemu'), `QEVM${'\0'.repeat(4096)}`)
  // Without its pages an ELF core is what a dump of some other machine is.
  writeFileSync(
    join(folder, 'old.elf'),
    Buffer.concat([bytes.subarray(0, 4096), new Uint8Array(bytes.length - 4096)]),
  )
  symlinkSync(join(ROOT, 'fixtures/scenarios/small.yaml'), join(folder, 'machine.yaml'))
  writeFileSync(
    join(folder, 'broken.yaml'),
    'machine: { memory: 64M }\ncalls:\n  - preserve_page: { pages: 1 }\n',
  )
  mkdirSync(join(folder, 'folder'))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** A line with the names of files in it made real, and what it brings with them taken back. */
async function said(line: string): Promise<{ code: number; text: string; out: string }> {
  const words = line
    .split(' ')
    .map(word => (NAMES.includes(word) || word.startsWith('nowhere.') ? join(folder, word) : word))
  const { code, err, out } = await kho(
    words.map(word => word.replace(/^nowhere\/out$/, `${folder}/nowhere/out`)),
  )
  const plain = err
    .replaceAll(`${folder}/`, '')
    .replaceAll(fixture('basic-1g.s2-early'), 'vmcore')
    // A new kernel is one more in such a list, and no other message.
    .replaceAll(KERNELS.map(({ name }) => name).join(', '), '(every kernel)')
    .replaceAll(WRITING_KERNELS.map(({ name }) => name).join(', '), '(every kernel that is simulated)')
  return { code, text: `$ kho ${line}\n${plain}exit code ${code}\n`, out }
}

describe('messages', () => {
  it('are what messages.txt says', { timeout: 180_000 }, async () => {
    let all = ''
    for (const line of LINES) all += `${(await said(line)).text}\n`
    await expect(all).toMatchFileSnapshot('messages.txt')
  })

  it.each(LINES)('of kho %s are lines for people', async line => {
    const { code, text, out } = await said(line)
    expect(code).toBeGreaterThanOrEqual(2)
    expect(code).not.toBe(70)
    expect(out).toBe('')
    expect(text).toMatch(/^\$ .*\n(kho: .*\n){1,2}exit code \d\n$/)
    expect(text).not.toMatch(/undefined|NaN|\[object|syscall|, open '|node:/)
  })

  it('are without hints where only the answer was asked for', async () => {
    for (const line of ['pages -q', 'pages zeros -q', 'dump vmcore LUO -q']) {
      expect((await said(line)).text).not.toContain('hint')
    }
  })
})

describe('names in another case', () => {
  it.each([
    ['rules', 'radix-cycle'],
    ['validate', fixture('basic-1g.s2-early'), '--allow', 'dump-blind-spot'],
    ['pages', fixture('basic-1g.s2-early'), '--abi', 'KHO-V4'],
    ['pages', fixture('basic-1g.s2-early'), '--color', 'Never'],
  ])('are what was meant: kho %s …', async (...args) => {
    expect(await kho(args)).toMatchObject({ code: 0, err: '' })
  })
})

describe('did you mean', () => {
  const names = ['pages', 'page-table', 'dump', 'kho-v3', 'kho-v4', 'kho-v1-512']

  it.each([
    ['pagse', 'did you mean pages?'],
    ['DUMP', 'did you mean dump?'],
    ['kho-v5', 'did you mean kho-v3 or kho-v4?'],
    ['pag', 'did you mean pages or page-table?'],
    ['table', 'did you mean page-table?'],
    ['x', undefined],
    ['nothing', undefined],
    ['', undefined],
  ])('%j: %s', (text, hint) => {
    expect(didYouMean(text, names)).toBe(hint)
  })
})

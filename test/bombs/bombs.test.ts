import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireBuild } from '../built.js'
import { measure } from '../measure.js'
import { BOMBS } from './bombs.js'

/*
 * No command may take time or memory that grows faster than its input. Processor time and memory of a child process are held
 * against several times what an idle machine needs, so that only growth of another kind exceeds them: most of what is here once
 * took minutes, or never ended.
 */
const MOST_CPU_MS = 20_000
const MOST_MIB = 1200

/** Bytes of a bomb here. */
const BYTES = 9.5e6

let folder = ''
beforeAll(() => {
  requireBuild()
  folder = mkdtempSync(join(tmpdir(), 'kho-bombs-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(BOMBS)('$what', ({ name, make }) => {
  // Decodes, judges, follows a reading kernel and adds up who owns what: what most commands do.
  it('cost kho stat no more than their bytes do', { timeout: 600_000 }, () => {
    const whole = make(1)
    const image = join(folder, `${name}.elf`)
    writeFileSync(image, whole.length > BYTES ? make(BYTES / whole.length) : whole)
    const { status, cpu, rss } = measure(['stat', image])
    expect(status).toBe(0)
    expect(cpu).toBeLessThan(MOST_CPU_MS)
    expect(rss).toBeLessThan(MOST_MIB)
    rmSync(image)
  })
})

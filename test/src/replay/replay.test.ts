import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { digestKey } from '../../../src/guest/file-digests.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import { openBytes, openImage } from '../../../src/node/open.js'
import { replayState } from '../../../src/replay/replay.js'
import { describeWith, describeWithKernel, readJson } from '../../material.js'

interface Truth {
  session: string
  token: number
  size: number
  pos: number
  seals: number
  sha256: string
}

describeWith('KHO_TEST_CAPTURES', 'replay of a captured state', captures => {
  describeWithKernel('7.2.13', 'on a real kernel', kernel => {
    const replay = async (name: string, truth: string, session?: string) => {
      const image = await openImage(join(captures, `${name}.elf`))
      const files = readJson<Truth[]>(captures, `${truth}.json`)
      const digests = new Map(
        files.map(file => [digestKey(session ?? file.session, BigInt(file.token)), file.sha256]),
      )
      try {
        return { files, report: await replayState(loadState(image), { kernel, digests }) }
      } finally {
        image.close()
      }
    }

    it('gives back every file with the digest that the first guest wrote down', async () => {
      const { files, report } = await replay('linux-7.2.chain-512m.s1-kexec', 'linux-7.2.chain-512m.memfds')
      expect(
        report.retrieved.files.map(({ session, token, size, position, seals, sha256 }) => ({
          session,
          token: Number(token),
          size: Number(size),
          pos: Number(position),
          seals,
          sha256,
        })),
      ).toEqual(
        files.map(({ session, token, size, pos, seals, sha256 }) => ({
          session,
          token,
          size,
          pos,
          seals,
          sha256,
        })),
      )
      expect(report.log).toMatchObject({
        found: true,
        liveupdateNumber: 1,
        revived: ['khotrace'],
        warnings: [],
        oops: null,
      })
      expect(report.log.execFrom).toEqual({ release: '7.2.13-khotest', count: 1 })
      // The capture lacks what the kernel's own test preserved: that, and nothing else, is complained about.
      expect(report.word).toBe('error-reported')
      expect(new Set(report.log.complaints)).toEqual(new Set(['test_kho: KHO restore failed']))
    })

    it('takes over what a second kernel of a chain handed over, with the scratch areas that it names', async () => {
      const { files, report } = await replay(
        'linux-7.2.chain-512m.s2-kexec',
        'linux-7.2.chain-512m.memfds-s2',
        'chained-session',
      )
      expect(report).toMatchObject({ word: 'ok', why: [] })
      expect(report.retrieved.files.map(file => file.sha256)).toEqual(files.map(file => file.sha256))
      expect(report.plan).toMatchObject({ placement: 'scratch', arrayAt: null })
      expect(report.log).toMatchObject({ liveupdateNumber: 2, execFrom: { count: 2 } })
    })

    it('refuses to boot where the kernel would be written over what was handed over', async () => {
      const image = await openImage(join(captures, 'linux-7.2.chain-512m.s2-kexec.elf'))
      const state: KhoState = { ...loadState(image), scratch: [] }
      await expect(replayState(state, { kernel })).rejects.toMatchObject({
        code: 'broken-state',
        message: expect.stringMatching(
          /^0x\w+-0x\w+ was handed over, but the (boot image|kernel) .* is there; scratch/,
        ),
      })
      image.close()
    })

    it('names the function that an oops is in', async () => {
      const { bytes, root } = await capturedTree()
      // A kernel follows the pointer to where there is no memory.
      new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(root, 0x7ffffffff000n, true)
      const report = await replayState(loadState(await openBytes(bytes)), { kernel })
      expect(report.word).toBe('oops')
      expect(report.log.oops?.function).toBe('__kho_radix_walk_tree')
      expect(report.seconds.up).toBeNull()
    })

    it('boots without a state that the kernel rejects', async () => {
      const { bytes, fdt } = await capturedTree()
      bytes[bytes.indexOf('kho-v4\0', fdt, 'latin1') + 5] = 0x39
      const report = await replayState(loadState(await openBytes(bytes)), { kernel })
      expect(report.word).toBe('rejected')
      expect(report.log).toMatchObject({ found: false, disabled: true })
    })

    /** A capture to be damaged: its bytes, and where in them the root FDT and the first pointer of its tree are. */
    async function capturedTree(): Promise<{ bytes: Buffer; fdt: number; root: number }> {
      const bytes = readFileSync(join(captures, 'linux-7.2.chain-512m.s2-kexec.elf'))
      const state = loadState(await openBytes(bytes))
      const offsetOf = (address: number) => {
        const read = state.image.memory.read(address, 8)
        if (!read.ok || read.offset === null) throw new Error('the capture lacks its own tree')
        return read.offset
      }
      return { bytes, fdt: offsetOf(state.root.address), root: offsetOf(state.tracker.root!) }
    }
  })
})

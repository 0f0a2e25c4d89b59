import { expect, it } from 'vitest'
import { parsePath } from '../../../formats/layout/index.js'
import { loadStates } from '../../../src/image/load-state.js'
import { openImage } from '../../../src/node/open.js'
import { ownershipOf } from '../../../src/owners/ownership.js'
import { pathsView } from '../../../src/render/state-view.js'
import { findView } from '../../../src/render/view-path.js'
import { fixture } from '../cli/kho.js'

it.each(['basic-1g.s1-kexec', 'basic-1g.s2-early', 'chain-512m.s2-kexec'])(
  'every owner that whois and pages name in %s is a path of dump too',
  async name => {
    const image = await openImage(fixture(name))
    for (const state of loadStates(image)) {
      const ownership = ownershipOf(state)
      const view = pathsView(state)
      for (let id = 0; id < ownership.count; id++) {
        const path = ownership.path(id)
        expect(findView(view, parsePath(path)), path).toMatchObject({ ok: true, path })
      }
    }
    image.close()
  },
)

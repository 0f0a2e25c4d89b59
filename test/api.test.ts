import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { ROOT, requireBuild } from './built.js'

beforeAll(requireBuild)

it('api/ says what the package exports, so that a change of it shows', () => {
  const ran = spawnSync(process.execPath, [join(ROOT, 'scripts/api-report.js'), '--check'], {
    encoding: 'utf8',
  })
  expect({ status: ran.status, said: ran.stderr }).toEqual({ status: 0, said: '' })
})

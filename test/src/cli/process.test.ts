import { spawnSync } from 'node:child_process'
import { beforeAll, describe, expect, it } from 'vitest'
import { KHO, requireBuild } from '../../built.js'
import { fixture } from './kho.js'

beforeAll(requireBuild)

function shell(script: string, env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-c', script, process.execPath, KHO, fixture('basic-1g.s2-early')],
    {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    },
  )
  return { status, stdout, stderr }
}

describe('the executable', () => {
  it('hands the exit code on', () => {
    expect(shell('"$0" "$1" pages /nowhere').status).toBe(3)
    expect(shell('"$0" "$1" frobnicate').status).toBe(2)
    expect(shell('"$0" "$1" --version').status).toBe(0)
  })

  it('ends quietly when its reader has seen enough', () => {
    const script = '"$0" "$1" dump "$2" --all --json | head -c 20; echo " $PIPESTATUS"'
    expect(shell(script)).toEqual({ status: 0, stdout: '{\n"schema":"kho/dump 0\n', stderr: '' })
  })

  it('waits for a slow reader of a non-blocking pipe, and loses nothing', () => {
    const whole = shell('"$0" "$1" dump "$2" --all --json | wc -c').stdout
    const slow = `
      const { spawn } = require('node:child_process')
      const child = spawn(process.argv[1], process.argv.slice(2), { stdio: ['ignore', 'pipe', 'inherit'] })
      let size = 0
      child.stdout.on('data', chunk => {
        size += chunk.length
        child.stdout.pause()
        setTimeout(() => child.stdout.resume(), 20)
      })
      child.on('close', code => console.log(size, code))
    `
    const { status, stdout } = spawnSync(
      process.execPath,
      ['-e', slow, process.execPath, KHO, 'dump', fixture('basic-1g.s2-early'), '--all', '--json'],
      { encoding: 'utf8' },
    )
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${whole.trim()} 0\n` })
  })

  it('says of a full device that it is full', () => {
    const ran = shell('"$0" "$1" dump "$2" > /dev/full')
    expect(ran).toEqual({ status: 6, stdout: '', stderr: expect.stringContaining('ENOSPC') })
  })
})

import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { KHO } from './built.js'

export type ShellName = 'bash' | 'zsh' | 'fish'

/** True where a program is installed. */
function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0
}

/** A test that needs a program; without it, one that says by name what was left out. */
export function itWith(program: string, name: string, test: () => Promise<void> | void): void {
  if (isInstalled(program)) {
    it(name, { timeout: 120_000 }, test)
    return
  }
  it(`left out without ${program}: ${name}`, () => {
    console.log(`left out: ${name} (${program} is not installed)`)
    expect(isInstalled(program)).toBe(false)
  })
}

const START: Readonly<Record<ShellName, string>> = {
  bash: 'bash --norc --noprofile -i',
  zsh: 'zsh -f -i',
  fish: 'fish --no-config -i',
}

const SET_UP: Readonly<Record<ShellName, string>> = {
  bash: "bind 'set enable-bracketed-paste off' 'set bell-style none'; source <(kho completion bash)",
  zsh: 'autoload -Uz compinit && compinit -u -D; unsetopt beep; source <(kho completion zsh)',
  fish: 'kho completion fish | source',
}

/** The key that completes. */
export const TAB = '\t'

/**
 * Types into an interactive shell on a terminal of its own. In `folder` a `kho` shadows the real one: it completes as that does,
 * and of all else it writes down what it was called with.
 *
 * @param keys a line with tabs in it; it is ended by this function
 * @returns the words that `kho` was called with, and all that the terminal showed
 */
export async function typeInto(
  shell: ShellName,
  folder: string,
  keys: string,
): Promise<{ words: string[]; shown: string }> {
  const shim = join(folder, 'kho')
  writeFileSync(
    shim,
    `#!/bin/sh
case $1 in
completion) exec "${process.execPath}" "${KHO}" "$@" ;;
__complete) "${process.execPath}" "${KHO}" "$@"; echo >>"$0.asked" ;;
*) for word; do printf '<%s>' "$word"; done; echo '<end>' ;;
esac
`,
  )
  chmodSync(shim, 0o755)
  writeFileSync(`${shim}.asked`, '')
  const child = spawn('script', ['-qec', START[shell], '/dev/null'], {
    cwd: folder,
    env: {
      PATH: `${folder}:${process.env.PATH}`,
      HOME: folder,
      TERM: 'xterm',
      COLUMNS: '200',
      LANG: 'C.UTF-8',
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
  })
  const until = async (done: () => boolean) => {
    for (const end = Date.now() + 20_000; !done() && Date.now() < end; ) {
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    if (!done()) throw new Error(`${shell} did not come to an end: ${JSON.stringify(shown)}`)
  }
  const asked = () => statSync(`${shim}.asked`).size
  const settle = () => new Promise(resolve => setTimeout(resolve, 400))
  try {
    child.stdin.write(`stty cols 200; ${SET_UP[shell]}; echo re''ady\n`)
    await until(() => shown.includes('ready'))
    await settle()
    shown = ''
    for (const part of keys.split(/(?<=\t)/)) {
      const before = asked()
      child.stdin.write(part)
      // Somebody who types waits for what the key brings.
      if (part.endsWith(TAB)) await until(() => asked() > before)
      await settle()
    }
    child.stdin.write('\n')
    await until(() => shown.includes('<end>'))
    const line = shown.split('\n').find(text => text.includes('<end>'))!
    return { words: [...line.matchAll(/<([^>]*)>/g)].map(match => match[1]!).slice(0, -1), shown }
  } finally {
    child.stdin.end()
    child.kill('SIGKILL')
  }
}

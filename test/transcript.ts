/** A command of a document, and what the document shows of its output: null where it shows none. */
export interface Step {
  command: string
  shown: string[] | null
}

/** Stands for any number of lines in shown output. */
export const GAP = '[…]'

/**
 * The commands in a Markdown document's `sh` blocks. In a block with `$ ` prompts the lines between are output; in one
 * without, each line is a command. Comments and what only installs or tests are left out.
 */
export function readTranscript(markdown: string): Step[] {
  const steps: Step[] = []
  for (const [, block] of markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)) {
    const lines = (block as string).replace(/\n$/, '').split('\n')
    if (lines.some(line => line.startsWith('$ '))) steps.push(...readSession(lines))
    else for (const command of lines) steps.push({ command, shown: null })
  }
  return steps
    .map(step => ({
      ...step,
      command: step.command.replace(/^npm ci && /, '').replace(/^node bin\/kho\.js /, 'kho '),
    }))
    .filter(step => /^(npx )?kho /.test(step.command))
}

function readSession(lines: readonly string[]): Step[] {
  const steps: Step[] = []
  for (const line of lines) {
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), shown: [] })
    else steps.at(-1)?.shown?.push(line)
  }
  return steps
}

/** True when the output is what was shown, gaps aside. */
export function matches(shown: readonly string[], actual: readonly string[]): boolean {
  const gap = shown.indexOf(GAP)
  if (gap < 0) return shown.length === actual.length && shown.every((line, i) => line === actual[i])
  const before = shown.slice(0, gap)
  if (!before.every((line, i) => line === actual[i])) return false
  const rest = shown.slice(gap + 1)
  for (let from = gap; from <= actual.length; from++) {
    if (matches(rest, actual.slice(from))) return true
  }
  return false
}

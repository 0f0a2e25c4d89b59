import type { Capture } from '../../capture/capture.js'
import { MOMENTS } from '../../capture/moments.js'
import type { Verdict } from '../../capture/verdict.js'
import { escapeText } from '../../render/escape.js'
import { guestFileJson } from '../../render/guest-file.js'
import type { JsonOf } from '../../render/json.js'
import type { Palette } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'
import type { schema } from './schema.js'

/** A capture, judged and written down. */
export interface CaptureOutcome {
  capture: Capture
  verdict: Verdict
  /** Names of the files beside the dumps. */
  truth: readonly string[]
  notes: readonly string[]
}

/** What was captured, and whether it is as it should be. */
export function captureJson({ capture, verdict, truth, notes }: CaptureOutcome): JsonOf<typeof schema> {
  const { failed, dumps, exact, preserved, logs, seconds } = capture
  return {
    schema: 'kho/capture/1',
    ok: verdict.ok,
    failed,
    kernel: logs.before.release,
    exact,
    dumps: MOMENTS.flatMap(moment => {
      const file = dumps[moment]
      return file === undefined ? [] : [{ moment, file }]
    }),
    truth: [...truth],
    checks: verdict.checks.map(({ moment, what, ok, compared, differences }) => ({
      moment,
      what,
      ok,
      compared,
      differences,
    })),
    files: preserved.map(guestFileJson),
    messages: logs.after.messages,
    notes: [...notes],
    seconds,
  }
}

/** The same for people. */
export function writeCaptureText(
  write: Writer,
  { capture, verdict, truth }: CaptureOutcome,
  palette: Palette,
): void {
  const { failed, dumps, exact, preserved, logs } = capture
  for (const [moment, path] of Object.entries(dumps)) write(`${palette.label(moment)} ${escapeText(path)}\n`)
  if (truth.length > 0) write(`beside: ${truth.map(escapeText).join(', ')}\n`)
  if (!exact && dumps.jump !== undefined) {
    write('moments are those of console messages, shortly after the real ones: no symbols\n')
  }
  for (const { session, token, size, sha256 } of preserved) {
    write(`preserved ${escapeText(session)}/${token}: ${size} bytes, sha256 ${sha256}\n`)
  }
  for (const message of logs.after.messages) write(`${palette.faint('kernel')} ${escapeText(message)}\n`)
  for (const { moment, what, ok, compared, differences } of verdict.checks) {
    const word = ok ? palette.good('same') : palette.bad('different')
    write(`${word} ${moment === null ? '' : `${moment}: `}${what} (${compared} compared)\n`)
    for (const difference of differences) write(`  ${escapeText(difference)}\n`)
  }
  if (failed !== null) write(`${palette.bad('failed')}: ${escapeText(failed)}\n`)
  write(
    `${verdict.ok ? palette.good('handed over as it should be') : palette.bad('not handed over as it should be')}\n`,
  )
}

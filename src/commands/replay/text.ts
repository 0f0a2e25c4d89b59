import { hex } from '../../../formats/memory/fault.js'
import { escapeText } from '../../render/escape.js'
import { guestFileJson } from '../../render/guest-file.js'
import type { JsonOf } from '../../render/json.js'
import type { Palette } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'
import type { ReplayWord } from '../../replay/judge.js'
import type { ReplayReport } from '../../replay/replay.js'
import type { schema } from './schema.js'

/** What a replay was held against. */
export interface ReplayVerdict {
  expected: ReplayWord
  asExpected: boolean
}

/** What a kernel made of a state. */
export function replayJson(report: ReplayReport, verdict: ReplayVerdict): JsonOf<typeof schema> {
  const { word, why, kernel, predicted, log, retrieved, collisions, memory, cmdline, plan, end } = report
  return {
    schema: 'kho/replay/1',
    outcome: { word, kernel },
    reasons: why,
    predicted: predicted?.outcome.word ?? null,
    rules: predicted?.outcome.why ?? [],
    expected: verdict.expected,
    asExpected: verdict.asExpected,
    messages: log.messages,
    retrieved: retrieved.files.map(guestFileJson),
    failures: retrieved.failures.map(({ session, token, step, message }) => ({
      session,
      token: token === null ? null : String(token),
      step,
      message,
    })),
    collisions: collisions.map(({ what, start, end: behind, advice }) => ({
      what,
      start: hex(start),
      end: hex(behind),
      advice,
    })),
    guest: {
      memory,
      cmdline,
      placement: plan.placement,
      end: end.how,
      upSeconds: report.seconds.up,
      totalSeconds: report.seconds.total,
    },
  }
}

/** The same for people. */
export function writeReplayText(
  write: Writer,
  report: ReplayReport,
  verdict: ReplayVerdict,
  palette: Palette,
): void {
  const { word, why, kernel, predicted, log, retrieved, collisions } = report
  const color = word === 'ok' ? palette.good : palette.bad
  write(`outcome: ${color(word)} (${escapeText(kernel ?? 'release not known')})\n`)
  for (const reason of why) write(`  ${escapeText(reason)}\n`)
  const rules = predicted === null ? [] : predicted.outcome.why
  const because = rules.length === 0 ? '' : ` (${rules.join(', ')})`
  write(`predicted: ${predicted?.outcome.word ?? 'nothing: the release is not known'}${because}\n`)
  for (const { what, start, end, advice } of collisions) {
    write(`${palette.bad('collision')} ${hex(start)}-${hex(end)}: ${what}; ${advice}\n`)
  }
  for (const message of log.messages) write(`${palette.faint('kernel')} ${escapeText(message)}\n`)
  for (const { session, token, size, sha256, position, seals } of retrieved.files) {
    const name = `${escapeText(session)}/${token}`
    const how = `${size} bytes, position ${position}, seals ${hex(seals)}, sha256 ${sha256}`
    write(`${palette.good('retrieved')} ${name}: ${how}\n`)
  }
  for (const { session, token, step, message } of retrieved.failures) {
    const name = token === null ? escapeText(session) : `${escapeText(session)}/${token}`
    write(`${palette.bad('failed')} ${name}: ${step}: ${escapeText(message)}\n`)
  }
  const met = verdict.asExpected ? palette.good('as expected') : palette.bad('not as expected')
  write(`${met}: ${verdict.expected}\n`)
}

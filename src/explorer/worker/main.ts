import { isKhoError } from '../../../formats/error.js'
import type { Reply, Request } from '../protocol.js'
import { answerTo } from './answers.js'

/** Requests are carried out one after the other, in their order. */
let last: Promise<void> = Promise.resolve()

self.onmessage = ({ data }: MessageEvent<Request>) => {
  last = last.then(() => handle(data))
}

async function handle({ id, name, ask }: Request): Promise<void> {
  try {
    self.postMessage({ id, answer: await answerTo(name, ask) } satisfies Reply)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const hint = isKhoError(error) ? (error.place.hint ?? null) : null
    self.postMessage({ id, error: { message, hint } } satisfies Reply)
  }
}

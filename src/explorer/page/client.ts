import type { Reply, Request, RequestName, Requests } from '../protocol.js'

/** An answer that is an error: what the worker said. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError'

  constructor(
    message: string,
    readonly hint: string | null,
  ) {
    super(message)
  }
}

/** Asks the worker, and waits for its answer. */
export type Ask = <K extends RequestName>(name: K, ask: Requests[K]['ask']) => Promise<Requests[K]['answer']>

interface Waiting {
  resolve(answer: never): void
  reject(error: Error): void
}

/** A line to a worker that runs the verbs. Requests are answered in their order. */
export function connect(worker: Worker): Ask {
  const waiting = new Map<number, Waiting>()
  let next = 0
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    const asked = waiting.get(data.id)
    waiting.delete(data.id)
    if (asked === undefined) return
    if ('error' in data) asked.reject(new WorkerError(data.error.message, data.error.hint))
    else asked.resolve(data.answer as never)
  }
  worker.onerror = event => {
    const error = new WorkerError(event.message || 'the worker stopped', null)
    for (const asked of waiting.values()) asked.reject(error)
    waiting.clear()
  }
  return (name, ask) =>
    new Promise((resolve, reject) => {
      const id = next++
      waiting.set(id, { resolve, reject })
      worker.postMessage({ id, name, ask } satisfies Request)
    })
}

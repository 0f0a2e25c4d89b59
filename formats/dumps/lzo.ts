import { KhoError } from '../error.js'

/** A match of at most this distance is M2; a two-byte match after a literal run begins right behind it. */
const M2_MAX_OFFSET = 0x800

/** What the state of the decoder is after a literal run of four bytes or more. */
const AFTER_RUN = 4

/**
 * Decompresses LZO1X, as lzo1x_1, lzo1x_1_15 and lzo1x_999 write it (the instructions: Documentation/staging/lzo.rst,
 * 6.19; bitstream version 0, which is the only one that liblzo2 knows). Input that is none is an error; nothing
 * outside `input` is read and nothing outside `output` written.
 *
 * @param partial stop without an error where `output` is full; else it must hold all that comes.
 * @returns bytes written, from the start of `output`.
 * @throws KhoError `unreadable` for damaged data.
 */
export function lzoDecompress(input: Uint8Array, output: Uint8Array, partial = false): number {
  let ip = 0
  let op = 0
  let state = 0

  function byte(): number {
    if (ip >= input.length) throw damaged('it ends in the middle of an instruction')
    return input[ip++] as number
  }

  /** A length that does not fit its instruction: each zero byte is 255, the first other one ends it. */
  function longLength(base: number): number {
    let length = base
    let next = byte()
    while (next === 0) {
      length += 255
      next = byte()
    }
    return length + next
  }

  /** How much of `length` there is room for; less than all of it only where a part was asked for. */
  function room(length: number): number {
    const left = output.length - op
    if (length > left && !partial) throw damaged(`more than ${output.length} bytes come out`)
    return Math.min(length, left)
  }

  function literals(length: number): void {
    if (ip + length > input.length) throw damaged('it ends in a literal run')
    const count = room(length)
    for (let i = 0; i < count; i++) output[op + i] = input[ip + i] as number
    ip += length
    op += count
  }

  /** A match may overlap what it writes: byte by byte, a short distance repeats a pattern. */
  function match(distance: number, length: number): void {
    if (distance > op) throw damaged(`a match reaches ${distance} bytes back from byte ${op}`)
    const count = room(length)
    for (let i = 0; i < count; i++) output[op + i] = output[op - distance + i] as number
    op += count
  }

  const full = () => partial && op === output.length

  if (input.length > 0 && (input[0] as number) > 17) {
    const length = byte() - 17
    literals(length)
    state = Math.min(length, AFTER_RUN)
  }
  while (!full()) {
    const code = byte()
    if (code < 16 && state === 0) {
      literals(code === 0 ? longLength(15) + 3 : code + 3)
      state = AFTER_RUN
      continue
    }
    let distance: number
    let length: number
    let trail = code
    if (code >= 64) {
      distance = 1 + ((code >> 2) & 7) + byte() * 8
      length = (code >> 5) + 1
    } else if (code >= 32) {
      length = (code & 31) === 0 ? longLength(31) + 2 : (code & 31) + 2
      trail = byte()
      distance = 1 + (trail >> 2) + byte() * 64
    } else if (code >= 16) {
      length = (code & 7) === 0 ? longLength(7) + 2 : (code & 7) + 2
      trail = byte()
      distance = (code & 8) * 2048 + (trail >> 2) + byte() * 64
      if (distance === 0) {
        if (length !== 3) throw damaged('its end is marked by a wrong instruction')
        if (ip < input.length) throw damaged(`${input.length - ip} bytes follow its end`)
        return op
      }
      distance += 0x4000
    } else {
      // In this state the shortest matches: of two bytes close by, or of three right behind the reach of M2.
      const near = state < AFTER_RUN
      distance = 1 + (code >> 2) + byte() * 4 + (near ? 0 : M2_MAX_OFFSET)
      length = near ? 2 : 3
    }
    match(distance, length)
    state = trail & 3
    if (state > 0 && !full()) literals(state)
  }
  return op
}

function damaged(what: string): KhoError {
  return new KhoError('unreadable', `damaged LZO data: ${what}`)
}

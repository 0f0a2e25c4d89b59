/** Where rendered output goes. Bytes are used before the call returns, so a buffer may be used again. */
export type Writer = (chunk: string | Uint8Array) => void

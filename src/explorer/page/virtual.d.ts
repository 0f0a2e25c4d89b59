declare module 'virtual:worker' {
  /** The worker's code, one script. */
  const source: string
  export default source
}

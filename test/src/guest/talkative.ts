/** Has a kernel say so much that it needs far more than a second of its time to come up. */
export const TALKATIVE = ['--append', 'initcall_debug ignore_loglevel']

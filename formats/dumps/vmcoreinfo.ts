/**
 * The value of a line `KEY=VALUE` of VMCOREINFO, such as `OSRELEASE`: the release of the kernel whose memory the dump
 * shows. Null where there is no such line. kernel/vmcore_info.c, 7.2.
 */
export function vmcoreinfoValue(text: string | null, key: string): string | null {
  const start = `${key}=`
  const line = text?.split('\n').find(candidate => candidate.startsWith(start))
  return line === undefined || line.length === start.length ? null : line.slice(start.length)
}

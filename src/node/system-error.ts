/** The `code` of a system error, such as `ENOENT`. */
export function errorCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is no folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'is a directory',
  EIO: 'the device reports an error',
  EMFILE: 'too many open files',
  ENOSPC: 'no space left on device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than is allowed',
  EROFS: 'the file system is read-only',
  ELOOP: 'its links go round in circles',
  ENAMETOOLONG: 'the name is too long',
  ETXTBSY: 'it is being executed',
}

/** A system error in words, and its code. */
export function reasonOf(error: unknown): string {
  const code = errorCode(error)
  const reason = code === null ? undefined : REASONS[code]
  if (reason !== undefined) return `${reason} (${code})`
  return error instanceof Error ? error.message : String(error)
}

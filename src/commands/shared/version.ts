import { createRequire } from 'node:module'

/** The version of this package, from its own package.json. */
export function version(): string {
  const manifest: unknown = createRequire(import.meta.url)('kho-tools/package.json')
  return (manifest as { version: string }).version
}

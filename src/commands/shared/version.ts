import { createRequire } from 'node:module'

/** What the bundle has in place of package.json. */
declare const KHO_VERSION: string | undefined

/** The version of this package: the bundle's own, or that of package.json. */
export function version(): string {
  if (typeof KHO_VERSION === 'string') return KHO_VERSION
  const manifest: unknown = createRequire(import.meta.url)('kho-tools/package.json')
  return (manifest as { version: string }).version
}

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')

/** The executable as users run it: it needs what `npm run build` makes. */
export const KHO = join(ROOT, 'bin/kho.js')

/** Throws, with what to do, when dist/ is missing or older than a source: it would be the wrong thing to test. */
export function requireBuild(): void {
  requireNewer('dist/src/cli/main.js', ['formats', 'src'], /\.ts$/)
  requireNewer('dist/kho/kho.cjs', ['formats', 'src'], /\.ts$/)
}

/** The same for the page of `kho report`. */
export function requirePage(): void {
  requireNewer(
    'dist/explorer/explorer.html',
    ['src/explorer', 'scripts'],
    /\.tsx?$|\.css$|build-explorer\.js$/,
  )
}

function requireNewer(made: string, folders: readonly string[], sources: RegExp): void {
  const built = join(ROOT, made)
  if (!existsSync(built))
    throw new Error(`there is no ${made}: run \`npm run build\` first, as \`npm test\` does`)
  const time = statSync(built).mtimeMs
  for (const folder of folders) {
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name)
      if (entry.isFile() && sources.test(entry.name) && statSync(file).mtimeMs > time) {
        throw new Error(`${made} is older than ${file}: run \`npm run build\` first, as \`npm test\` does`)
      }
    }
  }
}

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')

/** The executable as users run it: it needs what `npm run build` makes. */
export const KHO = join(ROOT, 'bin/kho.js')

const BUNDLE = 'dist/kho/kho.cjs'

/** Throws, with what to do, when dist/ is missing or older than a source: it would be the wrong thing to test. */
export function requireBuild(): void {
  requireNewer('dist/src/cli/main.js', ['formats', 'src'], /\.ts$/)
  // What is started where it is there.
  if (existsSync(join(ROOT, BUNDLE))) requireBundle()
}

/** The same for what the package's executable starts: `npm run bundle` makes it of the rest of dist/. */
export function requireBundle(): void {
  requireNewer(BUNDLE, ['formats', 'src', 'scripts'], /\.ts$|bundle\.js$/)
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

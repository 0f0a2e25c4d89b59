import { join } from 'node:path'
import { type RolldownOutput, rolldown } from 'rolldown'
import { ROOT } from './built.js'

/** The library's entry as one script for a browser, and everything that it would still import. */
export interface LibraryBundle {
  code: string
  imports: string[]
  /** Packages whose modules went in. */
  packages: string[]
}

/** Bundles `kho-tools` from its sources. As a script it is the global `kho`. */
export async function bundleLibrary(format: 'esm' | 'iife'): Promise<LibraryBundle> {
  const bundle = await rolldown({
    input: join(ROOT, 'src/index.ts'),
    platform: 'browser',
    // What cannot be found for a browser stays an import, which the caller sees.
    external: /^node:/,
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    logLevel: 'silent',
  })
  const { output }: RolldownOutput = await bundle.generate({ format, name: 'kho', codeSplitting: false })
  await bundle.close()
  const [chunk] = output
  // Dynamic imports that are in the bundle are imports of itself.
  const imports = [...chunk.imports, ...chunk.dynamicImports].filter(name => name !== chunk.fileName)
  const packages = chunk.moduleIds.map(id => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? null)
  return { code: chunk.code, imports, packages: [...new Set(packages)].filter(name => name !== null).sort() }
}

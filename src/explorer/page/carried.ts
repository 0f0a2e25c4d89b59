import type { Side } from '../protocol.js'

/** An image that the page carries. */
export interface Carried {
  side: Side
  name: string
  bytes: ArrayBuffer
}

/** The images in a page: gzip in base64, in script elements that no browser runs. */
export async function carriedImages(page: Document): Promise<Carried[]> {
  const found: Carried[] = []
  for (const side of ['a', 'b'] as const) {
    const element = page.getElementById(`image-${side}`)
    if (element === null) continue
    const packed = Uint8Array.from(atob((element.textContent ?? '').trim()), char => char.charCodeAt(0))
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))
    const name = element.dataset.name ?? 'image'
    found.push({ side, name, bytes: await new Response(stream).arrayBuffer() })
  }
  return found
}

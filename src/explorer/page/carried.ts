import type { StateOptionsData } from '../../image/load-state.js'
import type { ImageData, Side } from '../protocol.js'

/** An image that the page carries. */
interface Carried {
  side: Side
  image: ImageData
}

/** The images in a page: gzip in base64, in script elements that no browser runs. The worker unpacks them. */
export function carriedImages(page: Document): Carried[] {
  const found: Carried[] = []
  for (const side of ['a', 'b'] as const) {
    const element = page.getElementById(`image-${side}`)
    if (element === null) continue
    const packed = Uint8Array.from(atob((element.textContent ?? '').trim()), char => char.charCodeAt(0))
    const { name = 'image', state = '{}' } = element.dataset
    const options = JSON.parse(state) as StateOptionsData
    found.push({ side, image: { name, options, bytes: packed.buffer } })
    element.remove()
  }
  return found
}

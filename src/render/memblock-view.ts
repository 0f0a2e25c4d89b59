import type { Memblock } from '../../formats/blobs/index.js'
import { address, list, name, type RecordView, record, size } from './view.js'

/** The regions of reserve_mem=. A path goes through to them: `memblock/khotrace`. */
export function memblockView(memblock: Memblock): RecordView {
  return record(
    {
      compatible: name(memblock.compatible),
      regions: list(
        memblock.regions,
        region =>
          record({
            name: name(region.name),
            compatible: name(region.compatible),
            start: address(region.start),
            size: size(region.size),
          }),
        region => region.name,
      ),
    },
    ['regions'],
  )
}

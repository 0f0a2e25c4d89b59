import type { KhoTest, KhoTestFolios } from '../../formats/blobs/index.js'
import {
  address,
  count,
  type ListView,
  name,
  nothing,
  opaque,
  type RecordView,
  record,
  text,
} from './view.js'
import { vmallocView } from './vmalloc-view.js'

/** What lib/test_kho.c hands over: folios of many orders, and a sum over their contents. */
export function khoTestView(test: KhoTest): RecordView {
  return record({
    compatible: name(test.compatible),
    magic: opaque(test.magic === null ? null : BigInt(test.magic)),
    nrFolios: count(test.nrFolios),
    csum: opaque(test.csum === null ? null : BigInt(test.csum)),
    form: text(test.form),
    vmalloc: test.vmalloc === null ? nothing : vmallocView(test.vmalloc),
    folios: foliosView(test.folios),
  })
}

function foliosView(folios: KhoTestFolios): ListView {
  return {
    kind: 'list',
    length: folios.count,
    key: () => null,
    at: n =>
      record({
        address: address(folios.address[n] === 0 ? null : (folios.address[n] as number)),
        order: count(folios.order[n] as number),
      }),
  }
}

import type { Blob, BlobValue, InlineNode, KexecMetadata, MemArea } from '../../formats/blobs/index.js'
import type { FdtTree } from '../../formats/fdt/index.js'
import { nodeView } from './fdt-view.js'
import { khoTestView } from './kho-test-view.js'
import { luoView } from './luo-view.js'
import { memblockView } from './memblock-view.js'
import {
  address,
  count,
  list,
  name,
  nothing,
  type RecordView,
  record,
  size,
  text,
  type View,
} from './view.js'
import type { ViewContext } from './view-context.js'
import { vmallocView } from './vmalloc-view.js'

/** What one child of the root FDT hands over. A path goes through to its value: `luo/sessions`. */
export function blobView(blob: Blob, context: ViewContext): RecordView {
  return record(
    {
      name: name(blob.name),
      address: address(blob.address),
      size: size(blob.size),
      format: text(blob.format),
      value: blob.value === null ? nothing : valueView(blob.value, context),
    },
    ['value'],
  )
}

function valueView(value: BlobValue, context: ViewContext): View {
  switch (value.kind) {
    case 'kexec-metadata':
      return metadataView(value)
    case 'memblock':
      return memblockView(value)
    case 'kho-test':
      return khoTestView(value)
    case 'luo':
      return luoView(value, context)
    case 'vmalloc':
      return vmallocView(value)
    case 'fdt':
      return record({ compatible: name(value.compatible), tree: treeView(value.tree) }, ['tree'])
    case 'node':
      return inlineView(value)
    case 'bytes':
      return nothing
  }
}

function treeView(tree: FdtTree): RecordView {
  return nodeView(tree.root)
}

function metadataView(value: KexecMetadata): RecordView {
  return record({
    version: count(value.version),
    previousRelease: name(value.previousRelease),
    kexecCount: count(value.kexecCount),
  })
}

function inlineView(value: InlineNode): RecordView {
  return record(
    {
      compatible: name(value.compatible),
      node: nodeView(value.node),
      areas: list(value.areas, areaView),
    },
    ['node'],
  )
}

function areaView(area: MemArea): RecordView {
  return record({ path: text(area.path), start: address(area.start), size: size(area.size) })
}

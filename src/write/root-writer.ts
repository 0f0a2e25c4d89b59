import { isKhoError } from '../../formats/error.js'
import {
  createFdtWriter,
  type FdtNodeSpec,
  type FdtPropertySpec,
  findProperty,
  nativeU64Bytes,
  openInto,
  parseFdt,
  stringBytes,
} from '../../formats/fdt/index.js'
import type { Abi } from '../../formats/kernels/index.js'
import type { TrackerAttachment } from '../../formats/trackers/writer.js'

/** A child of the root FDT: a pointer to a blob, or, in the early series, the data itself. */
export type RootChild =
  | { name: string; address: number; size: number }
  | { name: string; inline: Omit<FdtNodeSpec, 'name'> }

/** An error of the kernel, as user space would see it; null for success. */
export type Errno =
  | '-EINVAL'
  | '-EEXIST'
  | '-ENOENT'
  | '-ENOMEM'
  | '-ESRCH'
  | '-EBUSY'
  | '-EOPNOTSUPP'
  | '-ENOSYS'
  | null

/**
 * A root FDT under construction. `live` ones are changed in place with libfdt's read-write calls, so that what is added
 * last comes first (6.19 on); the others are written front to back (up to 6.18).
 */
export interface RootWriter {
  /**
   * -EEXIST for a second child of that name in live ones, -ENOMEM where the room is used up. Where only the name has
   * room, 6.19 and 7.0 leave a child without properties and give libfdt's own -3, which reads as -ESRCH; 7.1 takes the
   * child out again ("kho: fix error handling in kho_add_subtree()", April 2026).
   */
  add(child: RootChild): Errno
  remove(name: string): boolean
  /** Says where the map is. */
  setMap(attachment: TrackerAttachment): void
  /** The FDT as it stands: a copy, as long as its totalsize. */
  bytes(): Uint8Array
}

/** A root FDT with room for `size` bytes, one page since 6.16, in the words of an ABI. */
export function createRootWriter(
  abi: Abi,
  style: 'live' | 'sequential',
  size: number,
  map: TrackerAttachment,
): RootWriter {
  return style === 'live' ? createLiveRoot(abi, size, map) : createSequentialRoot(abi, size, map)
}

function childProperties(abi: Abi, child: RootChild): FdtPropertySpec[] {
  if ('inline' in child || abi.blobProperty === null) return []
  const pointer = { name: abi.blobProperty, value: nativeU64Bytes(BigInt(child.address)) }
  if (!abi.blobSize) return [pointer]
  return [pointer, { name: 'blob-size', value: nativeU64Bytes(BigInt(child.size)) }]
}

/** kho_out_fdt_setup(), kho_add_subtree() and kho_remove_subtree() of 6.19 to 7.2. */
function createLiveRoot(abi: Abi, size: number, map: TrackerAttachment): RootWriter {
  const writer = createFdtWriter(size)
  writer.beginNode('')
  writer.property('compatible', stringBytes(abi.compatible))
  for (const { name, value } of map.properties) writer.property(name, bytesOf(value))
  writer.endNode()
  let blob = writer.finish().slice()

  return {
    add(child) {
      const editor = openInto(blob, size)
      let named = false
      try {
        editor.addSubnode('/', child.name)
        named = true
        for (const { name, value } of childProperties(abi, child)) {
          editor.setProperty(`/${child.name}`, name, bytesOf(value))
        }
      } catch (error) {
        if (!isKhoError(error)) throw error
        if (error.code === 'bad-sequence') return '-EEXIST'
        if (error.code !== 'no-space') throw error
        if (!named || abi.blobSize) return '-ENOMEM'
        blob = editor.pack().slice()
        return '-ESRCH'
      }
      blob = editor.pack().slice()
      return null
    },
    remove(name) {
      const editor = openInto(blob, size)
      try {
        editor.deleteNode(`/${name}`)
      } catch (error) {
        if (isKhoError(error) && error.code === 'bad-sequence') return false
        throw error
      }
      blob = editor.pack().slice()
      return true
    },
    setMap(attachment) {
      const { root } = parseFdt(blob)
      for (const { name, value } of attachment.properties) {
        const property = findProperty(root, name)
        if (property !== null) blob.set(bytesOf(value), property.value.byteOffset - blob.byteOffset)
      }
    },
    bytes: () => blob.slice(),
  }
}

/** kho_finalize() up to 6.18: the map's place first, then a child for each user that the notifier chain calls. */
function createSequentialRoot(abi: Abi, size: number, first: TrackerAttachment): RootWriter {
  let map = first
  const children: RootChild[] = []
  const build = (list: readonly RootChild[]) => {
    const writer = createFdtWriter(size)
    const put = (spec: FdtNodeSpec) => {
      writer.beginNode(spec.name ?? '')
      for (const { name, value } of listOf(spec.properties)) writer.property(name, bytesOf(value))
      for (const child of spec.children ?? []) put(child)
      writer.endNode()
    }
    const nodes = list.map(child =>
      'inline' in child
        ? { ...child.inline, name: child.name }
        : { name: child.name, properties: childProperties(abi, child) },
    )
    put({
      properties: [{ name: 'compatible', value: abi.compatible }, ...map.properties],
      children: [...map.children, ...nodes],
    })
    return writer.finish()
  }
  return {
    add(child) {
      try {
        build([...children, child])
      } catch (error) {
        if (isKhoError(error) && error.code === 'no-space') return '-ENOMEM'
        throw error
      }
      children.push(child)
      return null
    },
    remove(name) {
      const at = children.findIndex(child => child.name === name)
      if (at >= 0) children.splice(at, 1)
      return at >= 0
    },
    setMap(attachment) {
      map = attachment
    },
    bytes: () => build(children).slice(),
  }
}

function listOf(properties: FdtNodeSpec['properties']): readonly FdtPropertySpec[] {
  if (properties === undefined) return []
  if (Array.isArray(properties)) return properties as readonly FdtPropertySpec[]
  return Object.entries(properties).map(([name, value]) => ({ name, value }))
}

function bytesOf(value: FdtPropertySpec['value']): Uint8Array {
  return value instanceof Uint8Array ? value : stringBytes(...(typeof value === 'string' ? [value] : value))
}

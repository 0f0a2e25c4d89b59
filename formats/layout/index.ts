export { byteString, stringBytes, terminatedString, terminatedStringAt } from './byte-string.js'
export * from './chunk-list.js'
export { describeStruct, type FieldView } from './describe.js'
export {
  ADDRESS_BITS,
  type BitSpec,
  cName,
  type Field,
  type FieldSpec,
  type ScalarType,
  type Struct,
  type StructValue,
} from './field.js'
export * from './kexec-metadata.js'
export * from './kho-array.js'
export * from './kho-block.js'
export * from './kho-mem.js'
export * from './luo.js'
export * from './luo-posted.js'
export * from './memfd.js'
export {
  appendPath,
  elementSegments,
  encodeSegment,
  findElement,
  isAddressText,
  joinPath,
  parsePath,
  type Segment,
} from './path.js'
export * from './setup-data.js'
export { defineStruct, offsetOf, type StructOf, type StructSpec } from './struct.js'
export * from './vmalloc.js'

export {
  type Container,
  type ContainerOptions,
  containerNamed,
  containers,
  detectContainer,
  openContainer,
} from './containers.js'
export { openDebugfs } from './debugfs.js'
export type { DebugfsInfo, Dump, ElfInfo, ElfNote } from './dump.js'
export { openElf } from './elf.js'
export {
  ELF_MACHINE,
  type ElfWriterNote,
  type ElfWriterOptions,
  type ElfWriterSegment,
  writeElf,
} from './elf-writer.js'
export { openFlattenedDump } from './flattened-dump.js'
export { openKdump } from './kdump.js'
export type { Codecs } from './kdump-pages.js'
export { openLime } from './lime.js'
export { openRaw, type RawMapping, type RawOptions } from './raw.js'
export { type RawWriterOptions, type RawWriterSegment, type RawWritten, writeRaw } from './raw-writer.js'
export { type Content, contentLength, type Sink } from './sink.js'

import { defineStruct } from './struct.js'

const SOURCE = 'include/linux/kho/abi/luo.h'

/** LUO's blob in the struct form. */
export const LUO_SER = defineStruct('luo_ser', {
  since: '7.2',
  source: SOURCE,
  size: 32,
  fields: [
    { name: 'compatible', type: 'chars', offset: 0, length: 8, doc: 'luo-v5' },
    { name: 'liveupdateNum', type: 'u64', offset: 8, doc: 'live updates so far, this one included' },
    { name: 'sessionsPa', type: 'addr', offset: 16, doc: 'first block of sessions; 0 until the reboot call' },
    { name: 'flbsPa', type: 'addr', offset: 24, doc: 'FLB page' },
  ],
})

/** The files of a session: a chain of blocks (7.2) or an array in two pages (6.19 to 7.1). */
export const LUO_FILE_SET_SER = defineStruct('luo_file_set_ser', {
  since: '6.19',
  source: SOURCE,
  size: 16,
  fields: [
    { name: 'files', type: 'addr', offset: 0, doc: 'first block of files, or their array; 0 for none' },
    { name: 'count', type: 'u64', offset: 8, doc: 'files in the session' },
  ],
})

/** One session. */
export const LUO_SESSION_SER = defineStruct('luo_session_ser', {
  since: '6.19',
  source: SOURCE,
  size: 80,
  fields: [
    { name: 'name', type: 'chars', offset: 0, length: 64, doc: 'unique, NUL-terminated' },
    { name: 'fileSetSer', type: LUO_FILE_SET_SER, offset: 64, doc: 'the files of the session' },
  ],
})

/** One preserved file. */
export const LUO_FILE_SER = defineStruct('luo_file_ser', {
  since: '6.19',
  source: SOURCE,
  size: 64,
  fields: [
    { name: 'compatible', type: 'chars', offset: 0, length: 48, doc: 'names the handler and its format' },
    { name: 'data', type: 'u64', offset: 48, doc: "the handler's own handle, usually an address" },
    { name: 'token', type: 'u64', offset: 56, doc: "user space's name for the file" },
  ],
})

/** Begins the array of sessions of the FDT form: 16 contiguous pages. */
export const LUO_SESSION_HEADER_SER = defineStruct('luo_session_header_ser', {
  since: '6.19',
  source: SOURCE,
  size: 8,
  fields: [{ name: 'count', type: 'u64', offset: 0, doc: 'sessions that follow' }],
})

/** Begins the page of file-lifecycle-bound objects. */
export const LUO_FLB_HEADER_SER = defineStruct('luo_flb_header_ser', {
  since: '7.0',
  source: SOURCE,
  size: 16,
  fields: [
    { name: 'pgcnt', type: 'u64', offset: 0, doc: 'pages of this array: 1' },
    { name: 'count', type: 'u64', offset: 8, doc: 'objects that follow; 0 until the reboot call' },
  ],
})

/** One file-lifecycle-bound object: state that several files share. */
export const LUO_FLB_SER = defineStruct('luo_flb_ser', {
  since: '7.0',
  source: SOURCE,
  size: 64,
  fields: [
    { name: 'name', type: 'chars', offset: 0, length: 48, doc: 'compatible string of the object' },
    { name: 'data', type: 'u64', offset: 48, doc: "the object's own handle" },
    { name: 'count', type: 'u64', offset: 56, doc: 'files that depend on it' },
  ],
})

/** Pages of the session array and of a file array in the FDT form, kernel/liveupdate/luo_session.c and luo_file.c. */
export const LUO_SESSION_PGCNT = 16
export const LUO_FILE_PGCNT = 2
/** Compatible strings and names of the FDT form, 6.19 to 7.1. */
export const LUO_FDT = {
  compatible: 'luo-v1',
  number: 'liveupdate-number',
  sessionNode: 'luo-session',
  sessionCompatible: 'luo-session-v2',
  sessionHeader: 'luo-session-header',
  flbNode: 'luo-flb',
  flbCompatible: 'luo-flb-v1',
  flbHeader: 'luo-flb-header',
} as const
/** Compatible string of the struct form, 7.2. */
export const LUO_STRUCT_COMPATIBLE = 'luo-v5'

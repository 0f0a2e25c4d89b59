meta:
  id: kho
  title: Records of Linux Kexec HandOver and of what is handed over
  license: MIT
  endian: le
  bit-endian: le
types:
  kho_array:
    doc: "struct kho_array, since RFC of September 2025"
    doc-ref: "include/linux/kho_array.h, RFC of September 2025"
    seq:
      - id: magic
        type: u4
        doc: "0x4b415252"
      - id: version
        type: u2
        doc: "0"
      - id: reserved
        type: u2
        doc: "0"
      - id: first
        type: u8
        doc: "first page of entries"
  kho_array_page:
    doc: "struct kho_array_page, since RFC of September 2025"
    doc-ref: "include/linux/kho_array.h, RFC of September 2025"
    seq:
      - id: next
        type: u8
        doc: "next page, 0 at the end"
      - id: startpos
        type: u8
        doc: "index of the first entry"
  kho_block_header_ser:
    doc: "struct kho_block_header_ser, since 7.2"
    doc-ref: "include/linux/kho/abi/block.h"
    seq:
      - id: next
        type: u8
        doc: "next block, 0 at the end"
      - id: count
        type: u8
        doc: "entries in this block"
  kho_data:
    doc: "struct kho_data, since patch v4, February 2025"
    doc-ref: "arch/x86/include/uapi/asm/setup_data.h"
    seq:
      - id: fdt_addr
        type: u8
        doc: "root FDT"
      - id: fdt_size
        type: u8
        doc: "one page"
      - id: scratch_addr
        type: u8
        doc: "array of scratch areas"
      - id: scratch_size
        type: u8
        doc: "bytes of that array"
  kho_data_graf:
    doc: "struct kho_data, since patch v2, December 2023"
    doc-ref: "arch/x86/include/uapi/asm/setup_data.h"
    seq:
      - id: dt_addr
        type: u8
        doc: "root FDT"
      - id: dt_size
        type: u8
        doc: "bytes of the FDT"
      - id: scratch_addr
        type: u8
        doc: "the scratch area"
      - id: scratch_size
        type: u8
        doc: "bytes of the scratch area"
      - id: mem_cache_addr
        type: u8
        doc: "array of struct kho_mem"
      - id: mem_cache_size
        type: u8
        doc: "bytes of that array"
  kho_kexec_metadata:
    doc: "struct kho_kexec_metadata, since 7.1"
    doc-ref: "include/linux/kho/abi/kexec_metadata.h"
    seq:
      - id: version
        type: u4
        doc: "1"
      - id: previous_release
        size: 65
        type: strz
        encoding: ISO-8859-1
        doc: "utsname release of the writer"
      - id: kexec_count
        type: u4
        doc: "kexecs since the cold boot, this one included"
  kho_mem:
    doc: "struct kho_mem, since patch v2, December 2023"
    doc-ref: "include/linux/kexec_handover.h, patch v4"
    seq:
      - id: addr
        type: u8
        doc: "first byte"
      - id: size
        type: u8
        doc: "bytes"
  kho_mem_phys_elm:
    doc: "struct kho_mem_phys_elm, since RFC of September 2025"
    doc-ref: "include/linux/kho_array.h, RFC of September 2025"
    seq:
      - id: phys_start
        type: u8
        doc: "address that bit 0 stands for"
      - id: order
        type: u4
        doc: "order of every bit"
      - id: reserved
        type: u4
        doc: "0"
      - id: bitmap
        type: u8
        doc: "the bitmap, 512 bytes"
  kho_scratch:
    doc: "struct kho_scratch, since patch v5, March 2025"
    doc-ref: "include/linux/kexec_handover.h"
    seq:
      - id: addr
        type: u8
        doc: "first byte"
      - id: size
        type: u8
        doc: "bytes; 0 is an area that was left out"
  kho_vmalloc:
    doc: "struct kho_vmalloc, since 6.18"
    doc-ref: "include/linux/kho/abi/kexec_handover.h"
    seq:
      - id: first
        type: u8
        doc: "first chunk page"
      - id: total_pages
        type: u4
        doc: "order-0 pages in the area"
      - id: flags
        type: u2
        doc: "bit 0 VM_ALLOC, bit 1 VM_ALLOW_HUGE_VMAP"
      - id: order
        type: u2
        doc: "each run is 1 << order contiguous pages"
  kho_vmalloc_chunk:
    doc: "struct kho_vmalloc_chunk, since 6.18"
    doc-ref: "include/linux/kho/abi/kexec_handover.h"
    seq:
      - id: next
        type: u8
        doc: "next chunk page, 0 at the end"
  khoser_mem_bitmap_ptr:
    doc: "struct khoser_mem_bitmap_ptr, since patch v5, March 2025"
    doc-ref: "kernel/kexec_handover.c"
    seq:
      - id: phys_start
        type: u8
        doc: "address that bit 0 stands for"
      - id: bitmap
        type: u8
        doc: "the bitmap"
  khoser_mem_chunk:
    doc: "struct khoser_mem_chunk, since patch v5, March 2025"
    doc-ref: "kernel/kexec_handover.c"
    seq:
      - id: next
        type: u8
        doc: "next chunk, 0 at the end"
      - id: order
        type: u4
        doc: "order of every bit in this chunk"
      - id: num_elms
        type: u4
        doc: "entries in use"
  khoser_mem_range:
    doc: "struct khoser_mem_range, since mail of April 2025"
    doc-ref: "mail of 4 April 2025"
    seq:
      - id: start
        type: u8
        doc: "first byte"
      - id: size
        type: u8
        doc: "bytes"
      - id: data
        type: u8
        doc: "reserved, written as 0"
  luo_feature_hdr:
    doc: "struct luo_feature_hdr, since posted 2026-09-28, not merged"
    doc-ref: "RFC \"liveupdate: Move to feature flags for LUO and memfd ABI compatibility\""
    seq:
      - id: supp
        type: u8
        doc: "what the writer knows"
      - id: req
        type: u8
        doc: "what a reader must know"
      - id: active
        type: u8
        doc: "what is in use"
      - id: reserved
        size: 104
        doc: "0"
  luo_file_ser:
    doc: "struct luo_file_ser, since 6.19"
    doc-ref: "include/linux/kho/abi/luo.h"
    seq:
      - id: compatible
        size: 48
        type: strz
        encoding: ISO-8859-1
        doc: "names the handler and its format"
      - id: data
        type: u8
        doc: "the handler's own handle, usually an address"
      - id: token
        type: u8
        doc: "user space's name for the file"
  luo_file_set_ser:
    doc: "struct luo_file_set_ser, since 6.19"
    doc-ref: "include/linux/kho/abi/luo.h"
    seq:
      - id: files
        type: u8
        doc: "first block of files, or their array; 0 for none"
      - id: count
        type: u8
        doc: "files in the session"
  luo_flb_header_ser:
    doc: "struct luo_flb_header_ser, since 7.0"
    doc-ref: "include/linux/kho/abi/luo.h"
    seq:
      - id: pgcnt
        type: u8
        doc: "pages of this array: 1"
      - id: count
        type: u8
        doc: "objects that follow; 0 until the reboot call"
  luo_flb_ser:
    doc: "struct luo_flb_ser, since 7.0"
    doc-ref: "include/linux/kho/abi/luo.h"
    seq:
      - id: name
        size: 48
        type: strz
        encoding: ISO-8859-1
        doc: "compatible string of the object"
      - id: data
        type: u8
        doc: "the object's own handle"
      - id: count
        type: u8
        doc: "files that depend on it"
  luo_ser:
    doc: "struct luo_ser, since 7.2"
    doc-ref: "include/linux/kho/abi/luo.h"
    seq:
      - id: compatible
        size: 8
        type: strz
        encoding: ISO-8859-1
        doc: "luo-v5"
      - id: liveupdate_num
        type: u8
        doc: "live updates so far, this one included"
      - id: sessions_pa
        type: u8
        doc: "first block of sessions; 0 until the reboot call"
      - id: flbs_pa
        type: u8
        doc: "FLB page"
  luo_ser_flags:
    doc: "struct luo_ser, since posted 2026-09-28, not merged"
    doc-ref: "RFC \"liveupdate: Move to feature flags for LUO and memfd ABI compatibility\""
    seq:
      - id: features
        type: luo_feature_hdr
        doc: "in place of a compatible string"
      - id: liveupdate_num
        type: u8
        doc: "live updates so far, this one included"
      - id: sessions_pa
        type: u8
        doc: "first block of sessions"
      - id: flbs_pa
        type: u8
        doc: "FLB page"
  luo_ser_parts:
    doc: "struct luo_ser, since posted 2026-06-05, not merged"
    doc-ref: "RFC 20260605033235.717351"
    seq:
      - id: compatible
        size: 16
        type: strz
        encoding: ISO-8859-1
        doc: "luo-v5;block-v1"
      - id: liveupdate_num
        type: u8
        doc: "live updates so far, this one included"
      - id: sessions_pa
        type: u8
        doc: "first block of sessions"
      - id: flbs_pa
        type: u8
        doc: "FLB page"
  luo_session_header_ser:
    doc: "struct luo_session_header_ser, since 6.19"
    doc-ref: "include/linux/kho/abi/luo.h"
    seq:
      - id: count
        type: u8
        doc: "sessions that follow"
  luo_session_ser:
    doc: "struct luo_session_ser, since 6.19"
    doc-ref: "include/linux/kho/abi/luo.h"
    seq:
      - id: name
        size: 64
        type: strz
        encoding: ISO-8859-1
        doc: "unique, NUL-terminated"
      - id: file_set_ser
        type: luo_file_set_ser
        doc: "the files of the session"
  memfd_luo_folio_ser:
    doc: "struct memfd_luo_folio_ser, since 6.19"
    doc-ref: "include/linux/kho/abi/memfd.h"
    seq:
      - id: pfn_low
        type: b32
        doc: "lower part of: head page; 0 is a hole"
      - id: pfn_high
        type: b20
        doc: "upper part of: head page; 0 is a hole"
      - id: flags
        type: b12
        doc: "bit 0 dirty, bit 1 up to date"
      - id: index
        type: u8
        doc: "page offset in the file"
    instances:
      pfn:
        value: pfn_low + pfn_high * 0x100000000
  memfd_luo_ser_v1:
    doc: "struct memfd_luo_ser, since 6.19"
    doc-ref: "include/linux/kho/abi/memfd.h"
    seq:
      - id: pos
        type: u8
        doc: "file position"
      - id: size
        type: u8
        doc: "file size in bytes"
      - id: nr_folios
        type: u8
        doc: "entries of the folio list"
      - id: folios
        type: kho_vmalloc
        doc: "the folio list"
  memfd_luo_ser_v2:
    doc: "struct memfd_luo_ser, since 7.0 or 7.1"
    doc-ref: "include/linux/kho/abi/memfd.h"
    seq:
      - id: pos
        type: u8
        doc: "file position"
      - id: size
        type: u8
        doc: "file size in bytes"
      - id: seals
        type: u4
        doc: "F_SEAL_ mask; a reader refuses more than 0x3f"
      - id: flags
        type: u4
        doc: "written as 0"
      - id: nr_folios
        type: u8
        doc: "entries of the folio list"
      - id: folios
        type: kho_vmalloc
        doc: "the folio list"
  ranges_chunk:
    doc: "struct khoser_mem_chunk, since mail of April 2025"
    doc-ref: "mail of 4 April 2025"
    seq:
      - id: next
        type: u8
        doc: "next chunk, 0 at the end"
      - id: num_ranges
        type: u8
        doc: "ranges in use"
  setup_data_header:
    doc: "struct setup_data, since 2.6.26"
    doc-ref: "arch/x86/include/uapi/asm/setup_data.h"
    seq:
      - id: next
        type: u8
        doc: "next record, 0 at the end"
      - id: type
        type: u4
        doc: "10 is SETUP_KEXEC_KHO"
      - id: len
        type: u4
        doc: "bytes of data that follow"
  setup_data_kho:
    doc: "struct setup_data, since patch v4, February 2025"
    doc-ref: "arch/x86/include/uapi/asm/setup_data.h"
    seq:
      - id: header
        type: setup_data_header
        doc: "next, type and length"
      - id: data
        type: kho_data
        doc: "where the hand-over is"
  setup_data_kho_graf:
    doc: "struct setup_data, since patch v2, December 2023"
    doc-ref: "arch/x86/include/uapi/asm/setup_data.h"
    seq:
      - id: header
        type: setup_data_header
        doc: "next, type and length"
      - id: data
        type: kho_data_graf
        doc: "where the hand-over is"
  sketch_chunk:
    doc: "struct khoser_mem_chunk, since mail of February 2025"
    doc-ref: "mail of 12 February 2025"
    seq:
      - id: order
        type: u4
        doc: "order of every bit in this chunk"
      - id: num_elms
        type: u4
        doc: "entries in use"
      - id: next
        type: u8
        doc: "next chunk, 0 at the end"

// Made from layouts/kvm.yaml by `npm run layouts`.
import type { LayoutFile } from '../layout-file.js'

/** [PATCH v4 00/11] liveupdate: kvm: Guest_memfd preservation */
export const KVM: LayoutFile = {
  title: 'virtual machines and their guest_memfd',
  posted: { series: '[PATCH v4 00/11] liveupdate: kvm: Guest_memfd preservation', date: '2026-09' },
  handlers: { kvm_vm_luo_v1: ['kvm_vm_ser', 'kvm_vm_ser_arch'], guest_memfd_luo_v1: ['guest_memfd_ser'] },
  structs: {
    kvm_vm_ser: {
      size: 32,
      fields: {
        type: { at: 0, type: 'u64', doc: 'of the machine' },
        nr_mem_attrs: { at: 8, type: 'u64', show: 'count', doc: 'entries of the list' },
        mem_attrs: {
          at: 16,
          type: 'kho_vmalloc',
          to: { vmalloc: 'kvm_mem_attr_ser', count: 'nr_mem_attrs' },
        },
      },
    },
    kvm_vm_ser_arch: {
      doc: 'another version under the same name',
      size: 16,
      fields: {
        type: { at: 0, type: 'u64', doc: 'of the machine' },
        arch_state: {
          at: 8,
          type: 'addr',
          not: [0],
          to: { pages: 'block' },
          doc: 'what the architecture keeps',
        },
      },
    },
    kvm_mem_attr_ser: {
      size: 16,
      fields: { gfn: { at: 0, type: 'u64', doc: 'guest page' }, attributes: { at: 8, type: 'u64' } },
    },
    guest_memfd_ser: {
      size: 48,
      content: { folios: 'folios', index: 'index', size: 'size', uptodate: 'uptodate' },
      fields: {
        size: { at: 0, type: 'u64', show: 'size', doc: 'bytes of the file' },
        flags: { at: 8, type: 'u64', is: [0, 1, 2, 3], bits: { mmap: [0, 1], init_shared: [1, 1] } },
        nr_folios: { at: 16, type: 'u64', show: 'count', doc: 'entries of the list' },
        vm_token: {
          at: 24,
          type: 'u64',
          show: 'token',
          doc: "token of the machine's file in the same session",
        },
        folios: { at: 32, type: 'kho_vmalloc', to: { vmalloc: 'guest_folio_ser', count: 'nr_folios' } },
      },
    },
    guest_folio_ser: {
      size: 16,
      fields: {
        folio: { at: 0, type: 'u64', bits: { pfn: [0, 52], uptodate: [52, 1] }, to: { folio: 'pfn' } },
        index: { at: 8, type: 'u64', show: 'count', doc: 'page offset in the file' },
      },
    },
  },
}

// Made from layouts/iommu.yaml by `npm run layouts`.
import type { LayoutFile } from '../layout-file.js'

/** [PATCH v5 00/18] iommu: Add live update state preservation */
export const IOMMU: LayoutFile = {
  title: 'IOMMUs, their domains and the devices behind them; iommufd',
  posted: { series: '[PATCH v5 00/18] iommu: Add live update state preservation', date: '2026-09' },
  flbs: { 'iommu-liveupdate': ['iommu_flb_ser'], 'iommu-liveupdate-v1': ['iommu_flb_ser_v1'] },
  handlers: { 'iommufd-v1': ['iommufd_ser'] },
  structs: {
    iommu_flb_ser: {
      size: 32,
      fields: {
        version: { at: 0, type: 'u64', is: [1], show: 'count' },
        iommu_array_phys: { at: 8, type: 'addr', to: { chain: 'iommu_hw_ser' } },
        iommu_domain_array_phys: { at: 16, type: 'addr', to: { chain: 'iommu_domain_ser' } },
        device_array_phys: { at: 24, type: 'addr', to: { chain: 'iommu_device_ser' } },
      },
    },
    iommu_flb_ser_v1: {
      size: 24,
      fields: {
        iommu_array_phys: { at: 0, type: 'addr', to: { chain: 'iommu_hw_ser' } },
        iommu_domain_array_phys: { at: 8, type: 'addr', to: { chain: 'iommu_domain_ser' } },
        device_array_phys: { at: 16, type: 'addr', to: { chain: 'iommu_device_ser' } },
      },
    },
    iommu_obj_ser: {
      size: 8,
      fields: {
        ref_count: { at: 0, type: 'u32' },
        flags: { at: 4, type: 'u32', bits: { deleted: [0, 1], incoming: [1, 1] } },
      },
    },
    iommu_domain_ser: {
      size: 40,
      fields: {
        obj: { at: 0, type: 'iommu_obj_ser' },
        top_table_phys: {
          at: 8,
          type: 'addr',
          to: { tables: 'top_level' },
          doc: "page tables in the hardware's format",
        },
        top_level: { at: 16, type: 'u64', show: 'count', doc: 'level of the top table' },
        vasz: { at: 24, type: 'u32', doc: 'bits of an address' },
        sign_extend: { at: 28, type: 'u32', bits: { sign_extend: [0, 1] } },
        restored_domain: { at: 32, type: 'u64', doc: 'a pointer of the running kernel' },
      },
    },
    iommu_device_ser: {
      doc: "with what Intel's driver adds",
      size: 56,
      fields: {
        obj: { at: 0, type: 'iommu_obj_ser' },
        devid: { at: 8, type: 'u32', show: 'hex', doc: 'bus, device and function' },
        pci_domain_nr: { at: 12, type: 'u32' },
        attachment_id: { at: 16, type: 'u64' },
        domain_phys: { at: 24, type: 'addr', to: { struct: 'iommu_domain_ser' } },
        iommu_phys: { at: 32, type: 'addr', to: { struct: 'iommu_hw_ser' } },
        pasid_table: { at: 40, type: 'addr', to: { pages: 'block' } },
        max_pasid: { at: 48, type: 'u64', show: 'count' },
      },
    },
    iommu_hw_ser: {
      doc: "with what Intel's driver adds",
      size: 112,
      fields: {
        obj: { at: 0, type: 'iommu_obj_ser' },
        token: { at: 8, type: 'u64' },
        type: { at: 16, type: 'u64', is: [1], doc: '1 is Intel' },
        restored: { at: 24, type: 'u8' },
        phys_addr: { at: 32, type: 'u64', doc: 'of its registers' },
        root_table: { at: 40, type: 'addr', to: { pages: 'block' } },
        context_tables_bitmap: { at: 48, type: 'bytes[64]' },
      },
    },
    iommufd_ser: {
      size: 8,
      fields: {
        nr_hwpts: { at: 0, type: 'u64', show: 'count', to: { tail: 'iommufd_hwpt_ser' }, doc: 'page tables' },
      },
    },
    iommufd_hwpt_ser: {
      size: 24,
      fields: {
        domain_data: { at: 0, type: 'addr', to: { struct: 'iommu_domain_ser' } },
        token: { at: 8, type: 'u64', show: 'token' },
        reclaimed: { at: 16, type: 'u8' },
      },
    },
  },
}

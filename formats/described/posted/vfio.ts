// Made from layouts/vfio.yaml by `npm run layouts`.
import type { LayoutFile } from '../layout-file.js'

/** [PATCH v5 00/20] vfio/pci: Base Live Update support */
export const VFIO: LayoutFile = {
  title: 'PCI devices held by vfio',
  posted: { series: '[PATCH v5 00/20] vfio/pci: Base Live Update support', date: '2026-09' },
  handlers: { 'vfio-pci-v1': ['vfio_pci_core_device_ser', 'vfio_pci_core_device_ser_rfc'] },
  structs: {
    vfio_pci_core_device_ser: {
      doc: 'the newest form',
      size: 6,
      fields: {
        domain: { at: 0, type: 'u32', doc: 'PCI segment' },
        bdf: {
          at: 4,
          type: 'u16',
          show: 'hex',
          bits: { function: [0, 3], device: [3, 5], bus: [8, 8] },
          doc: 'bus, device and function',
        },
      },
    },
    vfio_pci_core_device_ser_rfc: {
      doc: 'RFC of February and March 2026; what its first postings lack is 0, as the page is',
      size: 9,
      beside: 'pci-v2',
      fields: {
        bdf: {
          at: 0,
          type: 'u16',
          show: 'hex',
          bits: { function: [0, 3], device: [3, 5], bus: [8, 8] },
          doc: 'bus, device and function',
        },
        domain: { at: 2, type: 'u16', doc: 'PCI segment' },
        reset_works: { at: 4, type: 'u8', is: [0, 1] },
        iommufd_token: { at: 5, type: 'u32', doc: "token of the iommufd's file" },
      },
    },
  },
}

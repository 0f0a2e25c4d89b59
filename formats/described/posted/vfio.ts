// Made from layouts/vfio.yaml by `npm run layouts`.
import type { LayoutFile } from '../layout-file.js'

/** [PATCH v5 00/20] vfio/pci: Base Live Update support */
export const VFIO: LayoutFile = {
  title: 'PCI devices held by vfio',
  posted: { series: '[PATCH v5 00/20] vfio/pci: Base Live Update support', date: '2026-09' },
  handlers: { 'vfio-pci-v1': ['vfio_pci_core_device_ser'] },
  structs: {
    vfio_pci_core_device_ser: {
      doc: 'the newest form; the RFC had bdf first',
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
  },
}

// Made from layouts/pci.yaml by `npm run layouts`.
import type { LayoutFile } from '../layout-file.js'

/** [PATCH v9] PCI: Base Live Update support, branch lu-pci-preservation */
export const PCI: LayoutFile = {
  title: 'devices that the PCI core keeps as they are',
  posted: {
    series: '[PATCH v9] PCI: Base Live Update support, branch lu-pci-preservation',
    date: '2026-09-18',
  },
  flbs: { pci: ['pci_ser', 'pci_ser_v1'], 'pci-v2': ['pci_ser_wide', 'pci_ser_narrow'] },
  structs: {
    pci_ser: {
      doc: 'version 2',
      size: 16,
      fields: {
        version: { at: 0, type: 'u32', is: [2], doc: 'a reader of another version panics' },
        nr_devices: { at: 4, type: 'u32', doc: 'entries in use; not 0 at the last finish is a panic' },
        devices: { at: 8, type: 'addr', to: { blocks: 'pci_dev_ser' }, doc: 'first block of devices' },
      },
    },
    pci_ser_v1: {
      doc: 'version 1, of mid September 2026',
      size: 16,
      fields: {
        version: { at: 0, type: 'u32', is: [1], doc: 'a reader of another version refuses it' },
        nr_devices: { at: 4, type: 'u32', doc: 'entries in use' },
        devices: { at: 8, type: 'addr', to: { blocks: 'pci_dev_ser' }, doc: 'first block of devices' },
      },
    },
    pci_dev_ser: {
      doc: 'a device, or a bridge above one',
      size: 8,
      fields: {
        domain: { at: 0, type: 'u32', doc: 'PCI segment' },
        bdf: {
          at: 4,
          type: 'u16',
          show: 'hex',
          bits: { function: [0, 3], device: [3, 5], bus: [8, 8] },
          doc: 'bus, device and function',
        },
        refcount: { at: 6, type: 'u16', doc: 'preserved devices at or below it; 0 is a free entry' },
      },
    },
    pci_ser_narrow: {
      doc: 'an array behind a header of two u32',
      size: 8,
      fields: {
        max_nr_devices: { at: 0, type: 'u32', doc: 'entries that there is room for' },
        nr_devices: { at: 4, type: 'u32', to: { tail: 'pci_dev_ser' }, doc: 'entries in use' },
      },
    },
    pci_ser_wide: {
      doc: 'an array behind a header of two u64',
      size: 16,
      fields: {
        max_nr_devices: { at: 0, type: 'u32', doc: 'entries that there is room for' },
        max_nr_devices_high: { at: 4, type: 'u32', is: [0], doc: 'upper half of it' },
        nr_devices: { at: 8, type: 'u64', show: 'count', to: { tail: 'pci_dev_ser' }, doc: 'entries in use' },
      },
    },
  },
}

// Made from layouts/*.yaml by `npm run layouts`.
import type { LayoutFile } from '../layout-file.js'
import { CARETAKER } from './caretaker.js'
import { FEATURES } from './features.js'
import { HUGETLB } from './hugetlb.js'
import { IOMMU } from './iommu.js'
import { KVM } from './kvm.js'
import { PCI } from './pci.js'
import { PSTORE } from './pstore.js'
import { TMPFS } from './tmpfs.js'
import { VFIO } from './vfio.js'

/** What was posted, and not merged. */
export const POSTED: readonly LayoutFile[] = [
  CARETAKER,
  FEATURES,
  HUGETLB,
  IOMMU,
  KVM,
  PCI,
  PSTORE,
  TMPFS,
  VFIO,
]

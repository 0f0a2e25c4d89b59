// Made from layouts/caretaker.yaml by `npm run layouts`.
import type { LayoutFile } from '../layout-file.js'

/** caretaker RFC, soleen/linux */
export const CARETAKER: LayoutFile = {
  title: 'virtual CPUs and physical ones that run through the jump',
  posted: { series: 'caretaker RFC, soleen/linux', date: '2026-09' },
  handlers: { kvm_vcpu_luo_v1: ['kvm_vcpu_ser'], cpu_fh_v1: ['cpu_ser'] },
  structs: {
    kvm_vcpu_ser: {
      size: 32,
      fields: {
        vcpu_id: { at: 0, type: 'u32' },
        flags: { at: 4, type: 'u32', bits: { caretaker: [0, 1] } },
        vm_token: { at: 8, type: 'u64', show: 'token', doc: "token of the machine's file" },
        arch_state: { at: 16, type: 'addr', to: { pages: 'block' } },
        cb: { at: 24, type: 'addr', to: { pages: 'block' } },
      },
    },
    cpu_ser: {
      size: 36,
      fields: {
        magic: { at: 0, type: 'u32', is: [1129338182], show: 'hex' },
        cpu: { at: 4, type: 'u32' },
        session_ser_pa: { at: 8, type: 'addr', to: { pages: 'block' } },
        stack_pa: { at: 16, type: 'addr', to: { pages: 'block' } },
        stack_order: { at: 24, type: 'u32' },
        pcpu_pa: { at: 28, type: 'addr', to: { pages: 'block' } },
      },
    },
  },
}

/** Machines that guests can be: as scenarios call them. */
export type Arch = 'x86_64' | 'arm64'

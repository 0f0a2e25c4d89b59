import type { Agent } from '../guest/agent.js'

/** The files below a folder of the guest, by path relative to it. */
export async function readTree(agent: Agent, folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  const list = await agent.request('list', folder)
  for (const { path } of list.ok ? list.values : []) {
    const file = await agent.request('read', String(path))
    if (file.ok) files.set(String(path).slice(folder.length + 1), file.bytes)
  }
  return files
}

const MACHINE_FILES = ['version', 'cmdline', 'iomem']

/** What the kernel says of itself and of its memory. */
export async function readMachine(agent: Agent): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const name of MACHINE_FILES) {
    const file = await agent.request('read', `/proc/${name}`)
    if (file.ok) files.set(name, Buffer.from(file.bytes).toString('latin1'))
  }
  return files
}

/** The lines of the kernel's log buffer. */
export async function readLog(agent: Agent): Promise<string[]> {
  const reply = await agent.request('dmesg')
  return reply.ok ? Buffer.from(reply.bytes).toString('latin1').split('\n') : []
}

import { images, openImage } from './store.js'

/** A button that opens a file: the first image, or the second where there is one. */
export function FileButton({ label }: { label: string }) {
  return (
    <label class="file">
      {label}
      <input
        type="file"
        onChange={event => {
          void openFiles(event.currentTarget.files)
        }}
      />
    </label>
  )
}

/** Opens files that were chosen or dropped: at most two. */
export async function openFiles(files: FileList | null | undefined): Promise<void> {
  for (const file of [...(files ?? [])].slice(0, 2)) {
    const which = images.value.a === undefined ? 'a' : 'b'
    await openImage(which, { name: file.name, blob: file })
  }
}

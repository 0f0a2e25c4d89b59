/** What workers have and pages have not, so that TypeScript's DOM library leaves it out. */
declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer
}

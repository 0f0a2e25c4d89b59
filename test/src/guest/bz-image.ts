/** A bzImage's header as parseBootImage() wants it, and a kernel proper of `bytes` bytes. */
export function makeBzImage(bytes: number, initSize = 2 ** 20): Buffer {
  const image = Buffer.alloc(1024 + bytes)
  image[0x1f1] = 1
  image.write('HdrS', 0x202)
  image.writeUInt16LE(0x20f, 0x206)
  image.writeUInt32LE(0x100000, 0x214)
  image.writeUInt32LE(0x200000, 0x230)
  image[0x234] = 1
  image.writeBigUInt64LE(0x1000000n, 0x258)
  image.writeUInt32LE(initSize, 0x260)
  image.fill(0xcc, 1024)
  return image
}

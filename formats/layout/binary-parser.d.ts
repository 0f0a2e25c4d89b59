/**
 * What is used of binary-parser 2.3.0, whose own declarations a NodeNext import does not find: the package's
 * `exports` name an `.mjs` file that has no `.d.mts` beside it.
 */
declare module 'binary-parser' {
  export interface FieldOptions {
    length?: number
    type?: Parser
    formatter?: (item: never) => unknown
  }
  export class Parser {
    endianness(order: 'little' | 'big'): this
    uint8(name: string, options?: FieldOptions): this
    uint16(name: string, options?: FieldOptions): this
    uint32(name: string, options?: FieldOptions): this
    uint64(name: string, options?: FieldOptions): this
    buffer(name: string, options: FieldOptions): this
    nest(name: string, options: FieldOptions): this
    seek(length: number): this
    compile(): void
    parse(bytes: Uint8Array): unknown
  }
}

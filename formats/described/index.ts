/**
 * Structures that are told as data, not as code: read, followed and written from one description.
 *
 * @module
 */
export type { Claims } from './claims.js'
export {
  type Compiled,
  type CompiledStruct,
  type Link,
  type Nested,
  postedText,
} from './compile.js'
export {
  type ContentFields,
  type DescribedField,
  type DescribedStruct,
  type Description,
  type Posting,
  SHOWS,
  type Target,
} from './description.js'
export { type DescribedValue, type DescribedWriter, encodeDescribed, type Written } from './encode.js'
export { follow } from './follow.js'
export { addressKey, bitsKey, keyOf, vmallocKey } from './keys.js'
export type { LayoutFile } from './layout-file.js'
export {
  type CompiledLayout,
  compileLayout,
  type LayoutMatch,
  type LayoutSet,
  type LayoutUse,
  layoutSet,
} from './layout-set.js'
export {
  type DescribedNode,
  describedValue,
  type FollowContext,
  type Followed,
  misfit,
  numberAt,
  readDescribed,
} from './node.js'
export { POSTED } from './posted/index.js'
export { type DescribedIndex, type DescribedRoot, nestedNode, walkDescribed } from './walk.js'

/**
 * Structures that are told as data, not as code: read, followed and written from one description.
 *
 * @module
 */
export { type Compiled, type CompiledStruct, compileDescription, type Link } from './compile.js'
export type { DescribedField, DescribedStruct, Description, Target } from './description.js'
export { type DescribedValue, encodeDescribed } from './encode.js'
export {
  type DescribedNode,
  describedValue,
  type FollowContext,
  type Followed,
  fits,
  follow,
  readDescribed,
} from './follow.js'
export { type DescribedExtent, type DescribedWalk, walkDescribed } from './walk.js'

export { dumpSchema as schema } from '../../render/dump-schema.js'

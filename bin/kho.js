#!/usr/bin/env node
'use strict'
const { existsSync } = require('node:fs')
const { join } = require('node:path')

const bundle = join(__dirname, '..', 'dist', 'kho')
if (existsSync(join(bundle, 'parts.json'))) require('./load.js')(bundle)
else import('../dist/src/cli/start.js')

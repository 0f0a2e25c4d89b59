#!/usr/bin/env node
'use strict'
const { existsSync } = require('node:fs')
const { enableCompileCache } = require('node:module')
const { join } = require('node:path')

// Node 22 and newer keep compiled code between runs.
enableCompileCache?.()

const bundle = join(__dirname, '..', 'dist', 'kho', 'kho.cjs')
if (existsSync(bundle)) require(bundle)
else import('../dist/src/cli/start.js')

import { accessSync, constants, lstatSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { KhoError } from '../../formats/error.js'
import { reasonOf } from './system-error.js'

/** Where an output really goes. */
export interface OutputPath {
  /** The name that was given, for messages. */
  name: string
  /** The file to make or to replace, links followed; for a stream, what to open. */
  path: string
  /** A pipe, a device, or a descriptor of this process: written as it comes, and never replaced. */
  stream: boolean
  /** The file that is there, or null. */
  old: Stats | null
}

const MOST_LINKS = 40

/** Names of this process's own descriptors: whoever opened them owns them. */
const DESCRIPTOR = /^\/(dev\/(stdout|stderr|fd\/\d+)|proc\/self\/fd\/\d+)$/

/**
 * Finds out where an output goes, and refuses what would be in vain or would destroy an input.
 *
 * @param inputs files and folders that are read
 * @throws KhoError `usage` for a directory or an input, `missing` where nothing can be written
 */
export function outputPath(name: string, inputs: readonly string[]): OutputPath {
  if (DESCRIPTOR.test(name)) return { name, path: name, stream: true, old: null }
  const { path, old } = followLinks(name)
  if (old?.isDirectory() === true) {
    throw new KhoError('usage', `${name} is a directory; -o takes the name of the file to write`, {
      path: name,
    })
  }
  for (const input of inputs) refuseInput({ name, path, old }, input)
  const stream = old !== null && !old.isFile()
  try {
    if (old !== null) accessSync(path, constants.W_OK)
    if (!stream) accessSync(dirname(path), constants.W_OK | constants.X_OK)
  } catch (error) {
    throw cannotWrite(name, error)
  }
  return { name, path, stream, old }
}

/** The error of a place that cannot be written to. */
export function cannotWrite(name: string, error: unknown): KhoError {
  return new KhoError('missing', `cannot write ${name}: ${reasonOf(error)}`, { path: name })
}

/** A link stays: what it leads to is replaced, or made where that is not there yet. */
function followLinks(name: string): { path: string; old: Stats | null } {
  let path = resolve(name)
  try {
    for (let links = 0; links < MOST_LINKS; links++) {
      const old = lstatSync(path, { throwIfNoEntry: false }) ?? null
      if (old?.isSymbolicLink() !== true) return { path, old }
      path = resolve(dirname(path), readlinkSync(path))
    }
  } catch (error) {
    throw cannotWrite(name, error)
  }
  throw cannotWrite(name, new Error('ELOOP (its links go round in circles)'))
}

/** An image is evidence: the answer about it must not take its place, nor appear among the files of a folder. */
function refuseInput({ name, path, old }: Pick<OutputPath, 'name' | 'path' | 'old'>, input: string): void {
  const there = statSync(input, { throwIfNoEntry: false })
  if (there === undefined) return
  const same = old !== null && old.dev === there.dev && old.ino === there.ino
  if (same || (there.isDirectory() && isInside(path, input))) {
    const what = there.isDirectory() ? `write into ${input}` : `overwrite ${input}`
    throw new KhoError('usage', `-o ${name} would ${what}, which is read`, { path: name })
  }
}

function isInside(path: string, folder: string): boolean {
  try {
    const way = relative(realpathSync(folder), realpathSync(dirname(path)))
    return way === '' || !(way === '..' || way.startsWith('../'))
  } catch {
    // A folder that is not there has nothing in it.
    return false
  }
}

/**
 * What is bundled: the program, started.
 *
 * @module
 */
import { main } from './main.js'

void main(process.argv)

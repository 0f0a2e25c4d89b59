/** True for a file that is a scenario by its name; any other is an image. */
export function isScenarioPath(path: string): boolean {
  return /\.(ya?ml|json)$/i.test(path)
}

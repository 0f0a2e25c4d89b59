/** A table in Markdown as Biome formats it: the first column to the left, numbers to the right. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map(line => line[column]!.length)))
  const format = (line: readonly string[]) =>
    `| ${line.map((cell, n) => (n === 0 ? cell.padEnd(widths[n]!) : cell.padStart(widths[n]!))).join(' | ')} |\n`
  const rule = widths.map((width, n) => (n === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return format(head) + format(rule) + lines.map(format).join('')
}

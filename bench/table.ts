/** Prints rows under their heads, as Markdown. */
export function printTable (heads: readonly string[], rows: ReadonlyArray<readonly string[]>): void {
  const line = (cells: readonly string[]): string => `| ${heads.map((_, index) => cells[index] ?? '').join(' | ')} |`
  console.log([line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n'))
}

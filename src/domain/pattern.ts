/** Does a name fit a pattern in which * stands for any text? */
export function fits (pattern: string, name: string): boolean {
  // Takes the parts between the stars at their first place each: a regular expression would try every place of each of them.
  const [head = '', ...parts] = pattern.split('*')
  const tail = parts.pop()
  if (tail === undefined) return name === pattern
  if (!name.startsWith(head)) return false
  let from = head.length
  for (const part of parts) {
    const at = name.indexOf(part, from)
    if (at < 0) return false
    from = at + part.length
  }
  return from + tail.length <= name.length && name.endsWith(tail)
}

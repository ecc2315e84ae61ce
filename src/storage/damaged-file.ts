/** A file that cannot be read, and stays as it is. Its message is one line: where, what, and what to do. */
export class DamagedFile extends Error {
  override readonly name = 'DamagedFile'

  constructor (file: string, line: number, what: string, toDo = 'put back a sound copy of it, or move the data file and its .journal files away to begin with nothing') {
    super(`${file}, line ${line}: ${what}; ${toDo}`)
  }
}

import { readFile } from 'node:fs/promises'

/** The JSON in a file. Rejects with one line that names it. */
export async function readSeedFile (path: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new Error(`it cannot be read (${error instanceof Error ? error.message : String(error)})`)
  }
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new Error('it is not JSON')
  }
}

import * as fc from 'fast-check'

/** What breaks a property, with the seed to find it again; undefined where it holds. */
export async function counterexampleOf<Values> (property: fc.IAsyncProperty<Values>, numRuns: number): Promise<string | undefined> {
  const found = await fc.check(property, { numRuns })
  return found.failed ? fc.defaultReportMessage(found) : undefined
}

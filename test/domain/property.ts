import * as fc from 'fast-check'

/** What breaks a property, with the seed to find it again; undefined where it holds. */
export function counterexample<Values extends [unknown, ...unknown[]]> (property: fc.IProperty<Values>, numRuns = 200): string | undefined {
  const found = fc.check(property, { numRuns })
  return found.failed ? fc.defaultReportMessage(found) : undefined
}

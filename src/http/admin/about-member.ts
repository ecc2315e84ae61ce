import { seenOf } from '../../domain/explanation.ts'
import { Refusal } from '../../domain/refusal.ts'

/** Does what this member asks for: a refusal that does not say what it is about is about the member. */
export async function aboutMember<Result> (field: string, held: unknown, expected: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    throw error instanceof Refusal && OF_MEMBERS.has(error.code) ? error.about({ field, seen: seenOf(held) ?? undefined, expected }) : error
  }
}

/** What the sense of a member is refused by. */
const OF_MEMBERS = new Set(['invalid_request', 'time_goes_back'])

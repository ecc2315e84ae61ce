import { isDeepStrictEqual } from 'node:util'

import type { Form } from '../../domain/fields.ts'
import { changeEach, withSense } from './form.ts'

/** Schemas with a title stand in the document once, by that name. */
export class Components {
  readonly #schemas = new Map<string, Form>()

  /** The schema, with references in place of what has a title. */
  shared (schema: Form): Form {
    return changeEach(withSense(schema), (inner) => {
      const { title } = inner
      if (typeof title !== 'string') return inner
      const known = this.#schemas.get(title)
      if (known !== undefined && !isDeepStrictEqual(known, inner)) throw new Error(`two schemas have the title ${title}`)
      this.#schemas.set(title, inner)
      return { $ref: `#/components/schemas/${title}` }
    })
  }

  all (): Form {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => a < b ? -1 : 1))
  }
}

import { refusingBy } from './explain-flaws.ts'
import { list, objectLike, refuseOthers, shape, UnreadableRecord } from './fields.ts'
import type { Field, Form } from './fields.ts'
import type { RefusalCode } from './refusal.ts'

/** Something of a list that a merchant puts as a whole; an empty id is one that is yet to be made up. */
interface Named {
  readonly id: string
}

const MAX_ITEMS = 100

/** The items of `{"items":[…]}`. Refuses them as a whole, by this code, where one of them is wrong. */
export function readItems<Item extends Named> (document: unknown, read: Field<Item>, code: RefusalCode): readonly Item[] {
  return refusingBy(code, document, () => {
    const members = itemsOf(document)
    refuseOthers(members, ['items'])
    const { items } = shape<{ readonly items: readonly Item[] }>({ items: ['items', list(read)] })(members)
    if (items.length > MAX_ITEMS) throw new UnreadableRecord(`items: should be at most ${MAX_ITEMS}`)
    const ids = items.map(({ id }) => id)
    const twin = ids.findIndex((id, index) => id !== '' && ids.indexOf(id) < index)
    if (twin >= 0) throw new UnreadableRecord([{ path: ['items', twin, 'id'], message: `items: item ${twin + 1}: id: each needs one of its own`, expected: 'an id of its own, or none' }])
    return items
  })
}

const itemsOf = objectLike({ items: [] })

/** What `readItems` takes, but that each id is another, as JSON Schema. */
export function itemsForm ({ form }: Field<Named>): Form {
  return { type: 'object', required: ['items'], properties: { items: { type: 'array', items: form, maxItems: MAX_ITEMS } }, additionalProperties: false }
}

/** Every item has an id of its own; those without one are numbered, as `fault-1`. */
export function withIds<Item extends Named> (items: readonly Item[], kind: string): readonly Item[] {
  const ids = new Set(items.map(({ id }) => id))
  let number = 1
  return items.map((item) => {
    if (item.id !== '') return item
    while (ids.has(`${kind}-${number}`)) number++
    ids.add(`${kind}-${number}`)
    return { ...item, id: `${kind}-${number}` }
  })
}

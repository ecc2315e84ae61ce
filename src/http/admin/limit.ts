const DEFAULT_LIMIT = 50

/** How many items a page has; the schema lets only numbers through. */
export function limitOf ({ limit }: { readonly limit?: string }): number {
  return limit === undefined ? DEFAULT_LIMIT : Number(limit)
}

import type { Events, WarungEvent } from './ports.ts'

/** Tells everyone in this process, at once and in order of subscription. */
export function createEvents (): Events {
  const listeners = new Set<(event: WarungEvent) => void>()
  return {
    publish: (event) => { for (const listener of [...listeners]) listener(event) },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    }
  }
}

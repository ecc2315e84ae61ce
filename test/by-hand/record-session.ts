// Makes the calls of fixtures/session.json anew and writes down what they are answered: after a change of the admin API's
// documents. Look at what differs before you commit it.
import { writeFileSync } from 'node:fs'

import { play, readSession } from '../support/session.ts'
import type { Step } from '../support/session.ts'

const ends: Array<() => Promise<void>> = []
const t = { teardown: (end: () => Promise<void>) => { ends.unshift(end) } }
const { started, stopped } = readSession()
const lines = (steps: readonly Step[]): string => steps.map((step) => `    ${JSON.stringify(step)}`).join(',\n')
const recorded = `{\n  "started": [\n${lines(await play(t, started, { listens: true }))}\n  ],\n  "stopped": [\n${lines(await play(t, stopped, { listens: false }))}\n  ]\n}\n`
for (const end of ends) await end()
writeFileSync(new URL('../../fixtures/session.json', import.meta.url), recorded)

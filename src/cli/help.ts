import { CA } from './ca.ts'
import { COMMANDS } from './commands.ts'

/** Every word, as help lists it. */
const ALL: Readonly<Record<string, { readonly takes: string, readonly about: string }>> = {
  start: { takes: '', about: 'Starts the emulator, as no word at all does.' },
  ready: { takes: '', about: 'Ends with 0 once an emulator is ready.' },
  ...COMMANDS,
  ca: CA
}

const WIDTH = 80
const ABOUT_FROM = 26

export const WORDS: readonly string[] = Object.keys(ALL)

/** What stands below the flags of a word: all words, and for `start` what they do. */
export function wordsHelp (word: string): string {
  if (word !== 'start') return ['', ...wrapped(`All words: ${WORDS.join(', ')}. See warung --help.`, WIDTH)].join('\n')
  return ['', 'Words (warung WORD --help shows flags and an example):', ...Object.entries(ALL).map(([name, { takes, about }]) => entry(`  ${name} ${takes}`, about))].join('\n')
}

function entry (syntax: string, about: string): string {
  const indent = `\n${' '.repeat(ABOUT_FROM)}`
  return `${syntax.length < ABOUT_FROM ? syntax.padEnd(ABOUT_FROM) : `${syntax}${indent}`}${wrapped(about, WIDTH - ABOUT_FROM).join(indent)}`
}

function wrapped (text: string, width: number): readonly string[] {
  return text.match(new RegExp(`\\S.{0,${width - 2}}(?=\\s|$)|\\S+`, 'g')) ?? []
}

import { Command, CommanderError } from 'commander'

/** A flag or variable that cannot be. The message is one line that says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** `--help` was asked for, and answered. */
export class HelpShown extends Error {
  override readonly name = 'HelpShown'
}

/** Reads a setting; throws a text that completes "--flag …". */
export type Read<Value> = (text: string) => Value

export interface Setting<Value> {
  readonly flag: string
  /** null for a flag that stands alone; in the environment it is `true` or `false`. */
  readonly takes: string | null
  readonly about: string
  readonly read: Read<Value>
  /** As text, as the user would have written it. */
  readonly fallback?: string
}

export type Table = Readonly<Record<string, Setting<unknown>>>
export type Values<Settings extends Table> = { readonly [Name in keyof Settings]: ReturnType<Settings[Name]['read']> | undefined }
export type Environment = Readonly<Record<string, string | undefined>>
/** Flags as they were given. */
export type Given = Readonly<Record<string, string | true>>

/** What help says of a word. */
export interface Saying {
  readonly name: string
  readonly about: string
  readonly example: string
}

export function setting<Value> (flag: string, takes: string | null, about: string, read: Read<Value>, fallback?: string): Setting<Value> {
  return { flag, takes, about, read, ...fallback === undefined ? {} : { fallback } }
}

/** The settings of a word, by its flags and the environment. Throws `UsageError`, or `HelpShown`. */
export function readSettings<Settings extends Table> (settings: Settings, saying: Saying, args: readonly string[], env: Environment): Values<Settings> {
  return valuesOf(settings, parse(saying, '', Object.values(settings), args).flags, env)
}

/** Flags first, then the environment, then the fallback; undefined where none of them gives it. */
export function valuesOf<Settings extends Table> (settings: Settings, flags: Given, env: Environment): Values<Settings> {
  return Object.fromEntries(Object.entries(settings).map(([name, { flag, read, fallback }]) => {
    const variable = `WARUNG_${flag.toUpperCase().replaceAll('-', '_')}`
    const [source, value] = flags[name] !== undefined ? [`--${flag}`, String(flags[name])] : [variable, env[variable] || fallback]
    if (value === undefined) return [name, undefined]
    try {
      return [name, read(value)]
    } catch (problem) {
      throw new UsageError(`${source} ${problem instanceof Error ? problem.message : String(problem)}`)
    }
  })) as unknown as Values<Settings>
}

/** Flags and operands of a command line, as they are written. */
export function parse ({ name, about, example }: Saying, takes: string, settings: ReadonlyArray<Setting<unknown>>, args: readonly string[]): { readonly flags: Given, readonly operands: readonly string[] } {
  const command = new Command(name)
    .description(`${about}\n\nExample: ${example}`)
    .allowExcessArguments(false)
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  for (const operand of takes.split(' ').filter((each) => each !== '')) command.argument(operand.replace('…', '...'))
  for (const { flag, takes: value, about: does, fallback } of settings) {
    command.option(`--${flag}${value === null ? '' : ` <${value}>`}`, `${does}${fallback === undefined ? '' : ` (${fallback})`}`)
  }

  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) throw new HelpShown()
    throw new UsageError(error.message.replace(/^error: /, ''))
  }
  return { flags: command.opts(), operands: command.args }
}

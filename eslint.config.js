import neostandard from 'neostandard'

const packages = ['fastify', '@fastify/*', 'typebox', 'typebox/*', 'undici', 'lowdb', 'lowdb/*', 'tinyqueue', 'nanoid', 'pino', 'commander', 'close-with-grace', '@peculiar/*', 'reflect-metadata']
const without = (...own) => packages.filter((name) => !own.some((mine) => name === mine || name === `${mine}/*`))
const edges = ['clock', 'storage', 'delivery', 'tls', 'http', 'cli']
const otherEdges = (own) => edges.filter((edge) => edge !== own).map((edge) => `**/${edge}/**`)
// What only compose.ts, main.ts and index.ts may know.
const outer = ['**/compose.ts', '**/main.ts', '**/index.ts', '**/config.ts', '**/flags.ts', '**/flag-values.ts', '**/random.ts', '**/events.ts', '**/request-log.ts']

const wallClock = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Ask the Clock.' },
  { selector: "CallExpression[callee.name='Date']", message: 'Ask the Clock.' },
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: 'Ask the Clock.' },
  { selector: "MemberExpression[object.name='Date'][computed=true]", message: 'Ask the Clock.' },
  { selector: "VariableDeclarator[init.name='Date']", message: 'Ask the Clock.' },
  { selector: "MemberExpression[property.name='hrtime']", message: 'Ask the Clock.' },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'Ask the Random port.' },
  { selector: "MemberExpression[object.name='Math'][computed=true]", message: 'Ask the Random port.' },
  { selector: "VariableDeclarator[init.name='Math']", message: 'Ask the Random port.' },
  { selector: 'ImportDeclaration[importKind="value"] > ImportSpecifier[imported.name=/^(random(UUID|Bytes|Int|FillSync|Fill)|getRandomValues|webcrypto)$/]', message: 'Ask the Random port.' }
]
const globals = [
  { name: 'performance', message: 'Ask the Clock.' },
  { name: 'crypto', message: 'Ask the Random port.' },
  { name: 'globalThis', message: 'Name what you need.' }
]
// Rules and steps neither call out nor wait by themselves.
const outside = ['fetch', 'setTimeout', 'setInterval', 'process'].map((name) => ({ name, message: 'That is for an edge, behind a port.' }))
const dynamicImport = { selector: 'ImportExpression', message: 'Import at the top, where the walls are watched.' }

const message = (room) => `${room} does not import this (README, "The house").`
const room = (name, group, extra = {}) => ({
  files: [`src/${name}/**/*.ts`],
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group, message: message(`${name}/`) }] }], ...extra }
})
/** A room that may import only what this expression lets through. */
const closedRoom = (name, onlyThese, group = []) => room(name, group, {
  'no-restricted-imports': ['error', { patterns: [{ regex: `^(?!${onlyThese})`, message: message(`${name}/`) }, ...group.length === 0 ? [] : [{ group, message: message(`${name}/`) }]] }],
  'no-restricted-globals': ['error', ...globals, ...outside],
  'no-restricted-syntax': ['error', ...wallClock, dynamicImport]
})

export default [
  ...neostandard({ ts: true, noJsx: true, ignores: ['dist', '.tap', 'data'] }),
  {
    files: ['src/**/*.ts'],
    ignores: ['src/clock/**', 'src/random.ts'],
    rules: { 'no-restricted-syntax': ['error', ...wallClock], 'no-restricted-globals': ['error', ...globals] }
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config.ts'],
    rules: { 'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Only config.ts reads the environment.' }] }
  },
  closedRoom('domain', '\\./|node:crypto$'),
  closedRoom('operations', '\\./|\\.\\./(domain/|ports\\.ts$)'),
  room('clock', [...otherEdges('clock'), ...outer, '**/operations/**', ...packages]),
  room('storage', [...otherEdges('storage'), ...outer, '**/operations/**', 'node:http*', ...without('lowdb', 'tinyqueue')]),
  room('delivery', [...otherEdges('delivery'), ...outer, '**/operations/**', ...without('undici')]),
  room('tls', [...otherEdges('tls'), ...outer, '**/operations/**', ...without('@peculiar', 'reflect-metadata')]),
  room('http', [...otherEdges('http'), ...outer, ...without('fastify', '@fastify', 'typebox')]),
  room('http/gateway', ['**/admin/**', '**/till/**', ...otherEdges('http'), ...outer, ...without('fastify', '@fastify', 'typebox')]),
  room('cli', ['**/clock/**', '**/storage/**', '**/delivery/**', '**/tls/**', '**/http/**', '**/operations/**', ...outer, ...without('undici')]),
  {
    files: ['src/ports.ts', 'src/events.ts', 'src/request-log.ts', 'src/random.ts', 'src/config.ts', 'src/flags.ts', 'src/flag-values.ts', 'src/main.ts', 'src/index.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: ['**/clock/**', '**/storage/**', '**/delivery/**', '**/tls/**', '**/http/**', '**/operations/**', 'fastify', '@fastify/*', 'typebox', 'undici', 'lowdb'], message: 'Only compose.ts knows the rooms (README, "The house").' }] }] }
  },
  {
    files: ['src/client/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: '^(?!\\./|node:(events|https?|stream/consumers)$)', message: 'client/ knows the admin API and nothing else.' }] }] }
  },
  {
    files: ['src/ports.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: '^(?!\\./domain/)', message: 'ports.ts knows domain/ only (README, "The house").' }] }] }
  }
]

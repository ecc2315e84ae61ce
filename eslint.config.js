import neostandard from 'neostandard'

const packages = ['fastify', '@fastify/*', 'typebox', 'typebox/*', 'undici', 'lowdb', 'lowdb/*', 'tinyqueue', 'nanoid', 'pino', 'commander', 'close-with-grace']
const without = (...own) => packages.filter((name) => !own.some((mine) => name === mine || name === `${mine}/*`))
const edges = ['clock', 'storage', 'delivery', 'http', 'cli']
const otherEdges = (own) => edges.filter((edge) => edge !== own).map((edge) => `**/${edge}/**`)
const outer = ['**/compose.ts', '**/main.ts', '**/index.ts', '**/config.ts']
const wallClock = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Ask the Clock.' },
  { selector: "CallExpression[callee.name='Date']", message: 'Ask the Clock.' },
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: 'Ask the Clock.' },
  { selector: "MemberExpression[object.name='performance']", message: 'Ask the Clock.' },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'Ask the Random port.' }
]
const room = (name, group) => ({
  files: [`src/${name}/**/*.ts`],
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group, message: `${name}/ does not import this (README, "The house").` }] }] }
})

export default [
  ...neostandard({ ts: true, noJsx: true, ignores: ['dist', '.tap', 'data'] }),
  room('domain', ['../*', 'node:*', '!node:crypto', ...packages]),
  room('operations', [...otherEdges(), ...outer, 'node:*', '**/random.ts', '**/events.ts', ...packages]),
  room('clock', [...otherEdges('clock'), ...outer, '**/operations/**', ...packages]),
  room('storage', [...otherEdges('storage'), ...outer, '**/operations/**', ...without('lowdb', 'tinyqueue')]),
  room('delivery', [...otherEdges('delivery'), ...outer, '**/operations/**', ...without('undici')]),
  room('http', [...otherEdges('http'), ...outer, ...without('fastify', '@fastify', 'typebox')]),
  {
    files: ['src/ports.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: ['node:*', ...edges.map((edge) => `**/${edge}/**`), '**/operations/**', ...packages], message: 'ports.ts knows domain/ only (README, "The house").' }] }] }
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config.ts'],
    rules: { 'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Only config.ts reads the environment.' }] }
  },
  { files: ['src/**/*.ts'], ignores: ['src/clock/**', 'src/random.ts'], rules: { 'no-restricted-syntax': ['error', ...wallClock] } }
]

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { test } from 'tap'

import { TRUST } from '../src/cli/trust.ts'

const ROOT = join(import.meta.dirname, '..')
const DOCS = join(ROOT, 'docs/connect')
const EXAMPLES = join(ROOT, 'examples/connect')
const PAGES = readdirSync(DOCS)
const PAGE_OF: Readonly<Record<string, readonly string[]>> = { ...Object.fromEntries(Object.keys(TRUST).map((tool) => [tool, [`${tool}.md`]])), php: ['php.md', 'laravel.md'], system: ['README.md'] }

for (const [tool, { trust, untrust }] of Object.entries(TRUST)) {
  for (const page of PAGE_OF[tool] ?? []) {
    test(`docs/connect/${page} shows the lines that warung ca --trust ${tool} prints`, async (t) => {
      t.same(blocksOf(page, 'sh').slice(0, 2), [trust('/path/to/ca.pem'), untrust])
    })
  }
}

for (const page of PAGES.filter((page) => page !== 'README.md')) {
  test(`the code in docs/connect/${page} stands in the examples, word for word`, async (t) => {
    const sources = readdirSync(EXAMPLES, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
    const blocks = ['js', 'php', 'py', 'rb', 'go', 'java'].flatMap((language) => blocksOf(page, language))
    if (page === 'curl.md') blocks.push(blocksOf(page, 'sh').find((block) => block.includes('sha512sum')) ?? '')
    t.ok(blocks.length > 0)
    for (const block of blocks) t.ok(sources.some((source) => source.includes(block)), `${block.slice(0, 60)}…`)
  })
}

for (const page of PAGES) {
  test(`the links of docs/connect/${page} lead somewhere`, async (t) => {
    for (const [, path = ''] of read(page).matchAll(/\]\(([^)#]+)\)/g)) t.ok(existsSync(join(DOCS, path)), `${page} links to ${path}`)
  })
}

function blocksOf (page: string, language: string): string[] {
  return [...read(page).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)\\n\`\`\`$`, 'gms'))].map(([, code = '']) => code)
}

function read (page: string): string {
  return readFileSync(join(DOCS, page), 'utf8')
}

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const SYSTEM_CHROMIUM = '/usr/bin/chromium'
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** In the package itself, and so of its version: `npm ci` takes it away with the package. */
const UNPACKED = join(ROOT, 'node_modules/@sparticuz/chromium/.unpacked')

/** The one that comes along looks for fonts where Amazon's machines have them: without any, Chromium ends at a letter it has no font for. */
const FONTS_CONF = join(UNPACKED, 'warung-fonts.conf')

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // A browser that keeps pages off local networks by itself would prove nothing about us.
  '--disable-features=LocalNetworkAccessChecks']

/** A real Chromium with a profile of its own. All names end at this machine: those in `hosts` at 127.0.0.1, others nowhere. */
export async function startBrowser (hosts: readonly string[]): Promise<Browser> {
  const rules = [...hosts.map((host) => `MAP ${host} 127.0.0.1`), 'EXCLUDE 127.0.0.1', 'EXCLUDE localhost', 'MAP * ~NOTFOUND']
  return chromium.launch({ ...await findChromium(), args: [...FLAGS, `--host-resolver-rules=${rules.join(',')}`] })
}

/** The one that was named, the system's, or the one inside an npm package. */
async function findChromium (): Promise<{ executablePath: string, env?: NodeJS.ProcessEnv }> {
  const { CHROMIUM_PATH: named, ...env } = process.env
  if (named !== undefined && named !== '') return { executablePath: named }
  if (existsSync(SYSTEM_CHROMIUM)) return { executablePath: SYSTEM_CHROMIUM }
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('name a Chromium with CHROMIUM_PATH: the one that comes along is for Linux on x64')

  if (!existsSync(UNPACKED)) await unpack()
  // Its libraries and fonts come along.
  return { executablePath: join(UNPACKED, 'chromium'), env: { ...env, LD_LIBRARY_PATH: join(UNPACKED, 'al2023/lib'), FONTCONFIG_FILE: FONTS_CONF } }
}

/** Several processes may do so at once: the folder gets its name when it is whole, and the first one stays. */
async function unpack (): Promise<void> {
  const folder = await mkdtemp(`${UNPACKED}-`)
  try {
    // The package unpacks into the temporary folder, all of it only where it takes the machine for one of Amazon's.
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', 'await (await import("@sparticuz/chromium")).default.executablePath()'], {
      cwd: ROOT, env: { ...process.env, NODE_OPTIONS: '', TMPDIR: folder, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' }
    })
    await writeFile(join(folder, basename(FONTS_CONF)), `<?xml version="1.0"?><fontconfig><dir>${join(UNPACKED, 'fonts')}</dir><cachedir>${join(UNPACKED, 'fonts-cache')}</cachedir></fontconfig>\n`)
    await rename(folder, UNPACKED)
  } catch (error) {
    if (!existsSync(UNPACKED)) throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

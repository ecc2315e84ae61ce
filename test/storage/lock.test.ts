import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { test } from 'tap'

import { openJsonFileStorage } from '../../src/storage/json-file-storage.ts'
import { LockedFile, lockFile } from '../../src/storage/lock.ts'
import type { Lock } from '../../src/storage/lock.ts'
import { startContender } from '../support/data-contender.ts'
import { merchant } from '../support/domain.ts'

function lock (path: string): Promise<Lock> {
  return lockFile(path, (message) => { throw new Error(message) })
}

/** Leaves the lock of a process that was killed. */
async function leaveDeadLock (t: Parameters<typeof startContender>[0], path: string): Promise<void> {
  const first = await startContender(t)
  const answer = await first.lock(path)
  if (answer !== 'locked') throw new Error(answer)
  await first.kill()
}

test('a second lock is refused with one line while the first lives, and free after its release', async (t) => {
  const path = join(t.testdir(), 'warung.json')
  const first = await lock(path)
  await t.rejects(lock(path), new LockedFile(path))
  t.match(new LockedFile(path).message, /^[^\n]*warung\.json is in use by another Warung; stop that one, or name another file by --data$/)
  t.same(readdirSync(t.testdirName), ['warung.json.lock'], 'who is refused leaves nothing')

  await first.release()
  t.same(readdirSync(t.testdirName), [], 'who releases leaves nothing')
  const second = await lock(path)
  await t.rejects(lock(path), { name: 'LockedFile' })
  await second.release()
})

test('two files in one folder have a lock each', async (t) => {
  const folder = t.testdir()
  const locks = [await lock(join(folder, 'a.json')), await lock(join(folder, 'b.json'))]
  t.same(readdirSync(folder), ['a.json.lock', 'b.json.lock'])
  for (const each of locks) await each.release()
})

test('a link to the data file is the same file, and stays a link', async (t) => {
  const folder = t.testdir({ real: {} })
  const [path, link] = [join(folder, 'real', 'warung.json'), join(folder, 'link.json')]
  const open = (name: string): ReturnType<typeof openJsonFileStorage> => openJsonFileStorage({ path: name, acceptEdits: false, warn: () => {} })
  await (await open(path)).close()
  symlinkSync(path, link)

  const first = await open(link)
  await t.rejects(open(path), { name: 'LockedFile' })
  await first.changeMerchant('M1', () => merchant())
  await first.close()
  t.equal(lstatSync(link).isSymbolicLink(), true)
  const second = await open(path)
  t.equal((await second.merchants()).length, 1)
  await second.close()
})

test('another process is refused while the first lives, and never once that was killed', async (t) => {
  const path = join(t.testdir(), 'warung.json')
  const [first, second] = await Promise.all([startContender(t), startContender(t)])
  t.equal(await first.lock(path), 'locked')
  t.equal(await second.lock(path), `LockedFile: ${new LockedFile(path).message}`)
  await t.rejects(lock(path), { name: 'LockedFile' })

  await first.kill()
  t.same(readdirSync(t.testdirName), ['warung.json.lock'], 'it is still there')
  t.equal(await second.lock(path), 'locked')
  await t.rejects(lock(path), { name: 'LockedFile' })
  await second.release()
  t.same(readdirSync(t.testdirName), [])
})

test('of many processes that want a dead lock at once exactly one gets it, time and again', async (t) => {
  const path = join(t.testdir(), 'warung.json')
  const contenders = await Promise.all(Array.from({ length: 6 }, () => startContender(t)))
  await leaveDeadLock(t, path)

  while (contenders.length > 0) {
    const answers = await Promise.all(contenders.map((contender) => contender.lock(path)))
    t.equal(answers.filter((answer) => answer === 'locked').length, 1, answers.join())
    t.equal(answers.filter((answer) => answer.startsWith('LockedFile: ')).length, contenders.length - 1)
    t.same(readdirSync(t.testdirName), ['warung.json.lock'])
    const [winner] = contenders.splice(answers.indexOf('locked'), 1)
    await winner?.kill()
  }
})

test('of many that want it at once in one process exactly one gets it, free or dead', async (t) => {
  const path = join(t.testdir(), 'warung.json')
  for (let round = 0; round < 20; round++) {
    if (round % 2 === 1) writeFileSync(`${path}.lock`, '')
    const results = await Promise.allSettled(Array.from({ length: 30 }, () => lock(path)))
    const locks = results.flatMap((result) => result.status === 'fulfilled' ? [result.value] : [])
    t.equal(locks.length, 1)
    for (const result of results) if (result.status === 'rejected') t.equal((result.reason as Error).name, 'LockedFile')
    for (const each of locks) await each.release()
    t.same(readdirSync(t.testdirName), [])
  }
})

test('paths and names that are longer than a socket\'s may be are locked as well, and survive a kill', async (t) => {
  const folder = join(t.testdir(), ...Array.from({ length: 12 }, (_, depth) => `folder-number-${depth}`))
  mkdirSync(folder, { recursive: true })
  for (const name of ['warung.json', `${'n'.repeat(200)}.json`, `${'warung-☕-'.repeat(15)}.json`]) {
    const path = join(folder, name)
    await leaveDeadLock(t, path)
    t.equal(readdirSync(folder).length, 1)
    const again = await lock(path)
    await t.rejects(lock(path), { name: 'LockedFile', message: new LockedFile(path).message }, 'it is named as it was given')
    await again.release()
    t.same(readdirSync(folder), [])
  }
})

test('long names that begin alike have a lock each', async (t) => {
  const path = join(t.testdir(), 'n'.repeat(150))
  const locks = [await lock(`${path}a`), await lock(`${path}b`)]
  await t.rejects(lock(`${path}a`), { name: 'LockedFile' })
  for (const each of locks) await each.release()
})

const leftovers: Array<[what: string, leave: (path: string) => void]> = [
  ['an empty file', (path) => writeFileSync(path, '')],
  ['a link that leads nowhere', (path) => symlinkSync('nowhere', path)]
]

for (const [what, leave] of leftovers) {
  test(`${what} of the lock's name is no lock, nor is one of a guard's`, async (t) => {
    const path = join(t.testdir(), 'warung.json')
    leave(`${path}.lock`)
    leave(`${path}.lock.${lstatSync(`${path}.lock`).ino}`)
    const first = await lock(path)
    await t.rejects(lock(path), { name: 'LockedFile' })
    t.same(readdirSync(t.testdirName), ['warung.json.lock'])
    await first.release()
    t.same(readdirSync(t.testdirName), [])
  })
}

test('a file of the lock\'s name that holds something stops the start with one line, and stays', async (t) => {
  const path = join(t.testdir({ 'warung.json.lock': 'mine' }), 'warung.json')
  await t.rejects(lock(path), { message: /^a file has the name warung\.json\.lock, [^\n]+; move it away$/ })
  t.equal(readFileSync(`${path}.lock`, 'utf8'), 'mine')
})

test('a folder of the lock\'s name stops the start with one line, and stays', async (t) => {
  const path = join(t.testdir({ 'warung.json.lock': { note: 'mine' } }), 'warung.json')
  await t.rejects(lock(path), { message: /^a folder has the name warung\.json\.lock, [^\n]+; move it away$/ })
  t.same(readdirSync(t.testdirName), ['warung.json.lock'])
  t.equal(readFileSync(join(`${path}.lock`, 'note'), 'utf8'), 'mine')

  rmSync(`${path}.lock`, { recursive: true })
  await (await lock(path)).release()
})

test('a guard that a crash left behind stops nobody, however many deep', async (t) => {
  const path = join(t.testdir(), 'warung.json')
  await leaveDeadLock(t, path)
  // All names of one dead socket: whoever held the guard was killed as well, and who guarded the guard too.
  const { ino } = statSync(`${path}.lock`)
  linkSync(`${path}.lock`, `${path}.lock.${ino}`)
  linkSync(`${path}.lock`, `${path}.lock.${ino}.${ino}`)

  const results = await Promise.allSettled(Array.from({ length: 10 }, () => lock(path)))
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  t.same(readdirSync(t.testdirName), ['warung.json.lock'])
  for (const result of results) if (result.status === 'fulfilled') await result.value.release()
  t.same(readdirSync(t.testdirName), [])
})

test('a guard that a living process holds is waited for', async (t) => {
  const path = join(t.testdir(), 'warung.json')
  await leaveDeadLock(t, path)
  // The lock of this name is the guard of the dead one.
  const { ino } = statSync(`${path}.lock`)
  const holder = await lock(join(t.testdirName, 'other'))
  linkSync(`${t.testdirName}/other.lock`, `${path}.lock.${ino}`)
  let taken: Lock | undefined
  const waiting = lock(path).then((lock) => { taken = lock })
  for (let turns = 0; turns < 200; turns++) await new Promise(setImmediate)
  t.equal(taken, undefined)

  rmSync(`${path}.lock.${ino}`)
  await waiting
  await taken?.release()
  await holder.release()
  t.same(readdirSync(t.testdirName), [])
})

test('whoever may use the folder may ask whether the lock lives', async (t) => {
  const path = join(t.testdir(), 'warung.json')
  const first = await lock(path)
  t.equal(statSync(`${path}.lock`).mode & 0o222, 0o222, 'another user can connect, or find it dead')
  await first.release()
})

test('a folder that is not there is an error, not a lock', async (t) => {
  await t.rejects(lock(join(t.testdir(), 'not', 'there.json')), { code: /ENOENT|EACCES/ })
})

import { Worker } from 'node:worker_threads'

import { foldSegments } from './fold.ts'

export interface FoldTask {
  readonly path: string
  readonly upTo: number
}

/** Folds in a thread of its own, which does not keep the process alive. */
export async function foldInBackground (path: string, upTo: number): Promise<void> {
  try {
    await foldInThread({ path, upTo })
  } catch (error) {
    // `tsx` brings TypeScript to the main thread only. That is development: there the fold may take a little of its time.
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION')) throw error
    await foldSegments(path, upTo)
  }
}

function foldInThread (task: FoldTask): Promise<void> {
  // In the build this code is part of a bundle, and the worker a file beside it.
  const entry = import.meta.url.endsWith('.ts') ? './fold-worker.ts' : './fold-worker.js'
  const worker = new Worker(new URL(entry, import.meta.url), { workerData: task })
  worker.unref()
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('exit', (code) => code === 0 ? resolve() : reject(new Error(`the folding thread ended with code ${code}`)))
  })
}

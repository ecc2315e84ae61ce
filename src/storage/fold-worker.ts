import { workerData } from 'node:worker_threads'

import { foldSegments } from './fold.ts'
import type { FoldTask } from './fold-in-background.ts'

const { path, upTo } = workerData as FoldTask
await foldSegments(path, upTo)

import { parentPort, workerData } from 'node:worker_threads'
import { type ScanJob, scan } from './exact.ts'

// Works on one share of the queries of an exact scan; see ground-truth.ts.
if (parentPort) {
  const port = parentPort
  port.postMessage({ result: scan(workerData as ScanJob, (done) => port.postMessage({ done })) })
}

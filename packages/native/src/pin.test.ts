import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadError } from './accelerator.ts'

const missing = loadError()
const addon = fileURLToPath(new URL('../build/Release/omen_native.node', import.meta.url))

/** Runs in a worker: starts more scans than can be done before it ends, and does not wait for them. */
const SCANNER = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { Codes } = require(workerData.addon)
  const dimension = 128, rowCount = 16384, queries = 20000, k = 10
  const codes = new Codes(dimension, 0, 'scalar', Float32Array.of(0, 1, 0), dimension * 4)
  codes.attach(new Uint8Array(rowCount * dimension * 4))
  const vectors = Float32Array.from({ length: rowCount * dimension }, (_, i) => (i * 7) % 31)
  codes.encode(vectors, Uint32Array.from({ length: rowCount }, (_, row) => row), 2, false).then((refused) => {
    const many = new Float32Array(queries * dimension)
    const results = [new Uint32Array(queries * k), new Float32Array(queries * k), new Uint32Array(queries)]
    codes.scan(many, k, rowCount, undefined, 2, ...results).then(() => parentPort.postMessage('finished'))
    parentPort.postMessage(refused === -1 ? 'scanning' : 'refused')
    setTimeout(() => process.exit(), 20)
  })
`

/** Runs in a worker: loads the addon, and that is all. */
const LOADER = `require(require('node:worker_threads').workerData.addon)`

/** Runs in a process of its own, since the danger is a crash: only its workers load the addon. */
const PROCESS = `
  const { readFileSync } = require('node:fs')
  const { Worker } = require('node:worker_threads')
  const [addon, loader, scanner] = JSON.parse(process.env.OMEN_PIN_TEST)
  const mapped = () => process.platform !== 'linux' || readFileSync('/proc/self/maps', 'utf8').includes(addon)
  const work = (source) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(source, { eval: true, workerData: { addon } })
      const messages = []
      worker.on('message', (message) => messages.push(message))
      worker.on('error', reject)
      worker.on('exit', () => resolve(messages.join()))
    })
  const rest = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
  async function main() {
    const report = { before: mapped() && process.platform === 'linux', rounds: [] }
    for (const source of [loader, scanner, scanner, scanner]) {
      report.rounds.push({ messages: await work(source), mapped: mapped() })
      await rest(50)
    }
    console.log(JSON.stringify(report))
  }
  main()
`

describe.skipIf(missing)(`a worker that ends while its work is running (skipped: ${missing ?? 'no'})`, () => {
  it('leaves the process alive, the addon mapped, and the next worker able to use it', () => {
    const child = spawnSync(process.execPath, ['-e', PROCESS], {
      env: { ...process.env, OMEN_PIN_TEST: JSON.stringify([addon, LOADER, SCANNER]) },
      encoding: 'utf8',
      timeout: 50_000,
    })
    expect({ signal: child.signal, status: child.status, errors: child.stderr }).toEqual({
      signal: null,
      status: 0,
      errors: '',
    })
    const loaded = { messages: '', mapped: true }
    // Never "finished": the scans take seconds, so the worker's end has met them.
    const scanned = { messages: 'scanning', mapped: true }
    expect(JSON.parse(child.stdout)).toEqual({ before: false, rounds: [loaded, scanned, scanned, scanned] })
  })
})

import { statSync } from 'node:fs'
import { readNumbers } from '@omen/vector-files'
import type { BuildParams, Engine, SearchParams, Work } from './engine.ts'
import { createHosted } from './hosted.ts'
import type { HostReply, HostRequest } from './hosted-session.ts'
import { readMemory, resetPeak, settledMemory } from './memory.ts'
import type { BuildReport, OpenReport, SaveReport, SessionFacts, SessionInput } from './session.ts'
import { type Pass, type Timed, timeQueries } from './timing.ts'

// The process that an engine is measured in; `hosted-session.ts` is its other end.

const PROGRESS_MS = 100

class Host {
  #engine: Engine | undefined
  #input: SessionInput | undefined
  #queries: unknown[] = []
  #block: Float32Array = new Float32Array()

  async open(name: string, input: SessionInput): Promise<SessionFacts> {
    const engine = await createHosted(name)
    this.#engine = engine
    this.#input = input
    const { version, kernels, buildsAlone = false } = engine
    return {
      version,
      buildsAlone,
      ...(kernels === undefined ? {} : { kernels }),
      modes: [
        'sync',
        ...(engine.searchAsync ? (['promise'] as const) : []),
        ...(engine.searchMany ? (['many'] as const) : []),
      ],
    }
  }

  async build(params: BuildParams): Promise<BuildReport> {
    const { engine, input } = this.#opened
    const { facts, files } = input
    const before = (await settledMemory()).residentBytes
    let vectors: Float32Array | undefined = readNumbers(
      files.base,
      'f32',
      facts.rows * facts.dimension,
    ) as Float32Array
    const inputBytes = vectors.byteLength
    resetPeak()
    let told = 0
    const cpu = process.cpuUsage()
    const start = performance.now()
    await engine.build(vectors, facts, params, (progress) => {
      if (performance.now() - told < PROGRESS_MS) return
      told = performance.now()
      reply({ progress })
    })
    const wallSeconds = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(cpu)
    const { peakBytes } = readMemory()
    vectors = undefined
    const indexBytes = (await settledMemory()).residentBytes - before
    this.#loadQueries(input)
    const parts = engine.bytes?.()
    return {
      wallSeconds,
      cpuSeconds: (user + system) / 1e6,
      peakBytes: peakBytes - before,
      indexBytes,
      inputBytes,
      ...(parts ? { parts } : {}),
    }
  }

  measure(pass: Pass): Promise<Timed> {
    return timeQueries(this.#opened.engine, this.#queries, this.#block, pass)
  }

  async save(path: string): Promise<SaveReport | undefined> {
    const { engine } = this.#opened
    if (!engine.save) return undefined
    const start = performance.now()
    await engine.save(path)
    return { seconds: (performance.now() - start) / 1000, fileBytes: statSync(path).size }
  }

  async reopen(path: string): Promise<OpenReport> {
    const { engine, input } = this.#opened
    if (!engine.open) throw new Error('the engine opens no files')
    const before = (await settledMemory()).residentBytes
    const start = performance.now()
    await engine.open(path)
    const seconds = (performance.now() - start) / 1000
    const indexBytes = (await settledMemory()).residentBytes - before
    this.#loadQueries(input)
    return { seconds, indexBytes }
  }

  async work(params: SearchParams, count: number): Promise<Work | undefined> {
    const { engine, input } = this.#opened
    engine.use?.(params)
    return engine.measureWork?.(this.#block.subarray(0, count * input.facts.dimension), params)
  }

  close(): void {
    this.#engine?.close()
  }

  #loadQueries({ facts, files }: SessionInput): void {
    const { dimension, queries } = facts
    this.#block = readNumbers(files.queries, 'f32', queries * dimension) as Float32Array
    this.#queries = Array.from({ length: queries }, (_, i) =>
      this.#opened.engine.prepare(this.#block.slice(i * dimension, (i + 1) * dimension)),
    )
  }

  get #opened(): { engine: Engine; input: SessionInput } {
    if (!this.#engine || !this.#input) throw new Error('no engine is open')
    return { engine: this.#engine, input: this.#input }
  }
}

function reply(message: HostReply): void {
  process.send?.(message)
}

const host = new Host()

async function answer(request: HostRequest): Promise<unknown> {
  switch (request.call) {
    case 'open':
      return host.open(request.engine, request.input)
    case 'build':
      return host.build(request.params)
    case 'measure':
      return host.measure(request.pass)
    case 'save':
      return host.save(request.path)
    case 'reopen':
      return host.reopen(request.path)
    case 'work':
      return host.work(request.params, request.count)
    case 'close':
      host.close()
      return undefined
  }
}

process.on('message', (request: HostRequest) => {
  answer(request).then(
    (result) => {
      reply({ result })
      if (request.call === 'close') process.disconnect()
    },
    (error: Error & { code?: string }) =>
      reply({ error: { code: error.code ?? 'io', message: error.message } }),
  )
})
// Without the benchmark there is nobody to measure for.
process.on('disconnect', () => process.exit())

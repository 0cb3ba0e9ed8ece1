import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Progress } from '@omen/cli/terminal'
import { OmenError } from '@omen/core'
import { readNumbers } from '@omen/vector-files'
import type { BuildParams, SearchParams, Work } from './engine.ts'
import type { BuildReport, OpenReport, SaveReport, Session, SessionFacts, SessionInput } from './session.ts'
import type { Pass, Timed } from './timing.ts'
import { buildYardstick } from './yardstick-build.ts'

interface Reply {
  readonly error?: string
  readonly progress?: number
  readonly seconds?: number
  readonly wallSeconds?: number
  readonly cpuSeconds?: number
  readonly residentBytes?: number
  readonly peakBytes?: number
  readonly distances?: number
  readonly hops?: number
  readonly bytes?: number
}

/** hnswlib in C++, in the process of the yardstick; its source says what the commands mean. */
export class YardstickSession implements Session {
  readonly facts: SessionFacts
  readonly #input: SessionInput
  readonly #child: ChildProcessWithoutNullStreams
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'omen-yardstick-'))
  #waiting: { resolve: (reply: Reply) => void; reject: (error: unknown) => void } | undefined
  #onProgress: ((progress: Progress) => void) | undefined
  #ended: string | undefined

  private constructor(program: string, version: string, input: SessionInput) {
    this.#input = input
    this.facts = { version, modes: ['sync', 'many'] }
    this.#child = spawn(program)
    createInterface({ input: this.#child.stdout }).on('line', (line) =>
      this.#receive(JSON.parse(line) as Reply),
    )
    this.#child.on('error', (error) => this.#fail(error.message))
    this.#child.on('exit', (code, signal) =>
      this.#fail(signal ? `was ended by ${signal}` : `ended with code ${code}`),
    )
    // A broken pipe also ends the process, and that is what gets reported.
    this.#child.stdin.on('error', () => {})
  }

  /** Compiles the yardstick where needed and starts it; fails with the reason why that cannot be done here. */
  static async open(input: SessionInput): Promise<YardstickSession> {
    const { program, version } = await buildYardstick()
    return new YardstickSession(program, version, input)
  }

  async build(params: BuildParams, onProgress: (progress: Progress) => void): Promise<BuildReport> {
    const { facts, files } = this.#input
    const before = (await this.#ask('memory')).residentBytes ?? 0
    await this.#ask(`load ${facts.rows} ${facts.dimension} ${facts.metric} ${files.base}`)
    this.#onProgress = onProgress
    const times = await this.#ask(`build ${params.m} ${params.beam} ${params.threads} ${params.seed}`)
    this.#onProgress = undefined
    const peak = (await this.#ask('memory')).peakBytes ?? 0
    await this.#ask('release')
    const after = (await this.#ask('memory')).residentBytes ?? 0
    await this.#ask(`queries ${facts.queries} ${files.queries}`)
    return {
      wallSeconds: times.wallSeconds ?? 0,
      cpuSeconds: times.cpuSeconds ?? 0,
      peakBytes: peak - before,
      indexBytes: after - before,
      inputBytes: facts.rows * facts.dimension * Float32Array.BYTES_PER_ELEMENT,
    }
  }

  async measure({ mode, params, threads, count, latencies }: Pass): Promise<Timed> {
    const path = join(this.#folder, 'rows.u32bin')
    const { k, beam } = params
    const flag = latencies ? 1 : 0
    const used = mode === 'many' ? threads : 1
    const reply = await this.#ask(`search ${count} ${k} ${beam} ${used} ${flag} ${path}`)
    const numbers = readNumbers(path, 'u32', count * (k + flag)) as Uint32Array
    return {
      seconds: reply.seconds ?? 0,
      rows: numbers.slice(0, count * k),
      latencies: Float64Array.from(numbers.subarray(count * k)),
    }
  }

  async save(path: string): Promise<SaveReport> {
    const { seconds = 0 } = await this.#ask(`save ${path}`)
    return { seconds, fileBytes: statSync(path).size }
  }

  async reopen(path: string): Promise<OpenReport> {
    const { facts, files } = this.#input
    const before = (await this.#ask('memory')).residentBytes ?? 0
    const { seconds = 0 } = await this.#ask(`open ${facts.rows} ${facts.dimension} ${facts.metric} ${path}`)
    const after = (await this.#ask('memory')).residentBytes ?? 0
    await this.#ask(`queries ${facts.queries} ${files.queries}`)
    return { seconds, indexBytes: after - before }
  }

  async work({ k, beam }: SearchParams, count: number): Promise<Work> {
    const { distances = 0, hops = 0, bytes = 0 } = await this.#ask(`work ${count} ${k} ${beam}`)
    return { distances, hops, rescored: 0, bytes }
  }

  async close(): Promise<void> {
    const gone = this.#ended === undefined && new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdin.end('quit\n')
    await gone
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #ask(command: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#gone())
      this.#waiting = { resolve, reject }
      this.#child.stdin.write(`${command}\n`)
    })
  }

  #receive(reply: Reply): void {
    if (reply.progress !== undefined) {
      this.#onProgress?.({ done: reply.progress, total: this.#input.facts.rows })
      return
    }
    const waiting = this.#waiting
    this.#waiting = undefined
    if (reply.error === undefined) waiting?.resolve(reply)
    else waiting?.reject(new OmenError('io', `the yardstick says: ${reply.error}`))
  }

  #fail(why: string): void {
    this.#ended ??= why
    this.#waiting?.reject(this.#gone())
    this.#waiting = undefined
  }

  #gone(): OmenError {
    return new OmenError('io', `the process of the yardstick ${this.#ended}`)
  }
}

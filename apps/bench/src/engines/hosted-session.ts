import { type ChildProcess, fork } from 'node:child_process'
import type { Progress } from '@omen/cli/terminal'
import { OmenError, type OmenErrorCode } from '@omen/core'
import { processEntry } from '../entry-point.ts'
import type { BuildParams, SearchParams, Work } from './engine.ts'
import type { BuildReport, OpenReport, SaveReport, Session, SessionFacts, SessionInput } from './session.ts'
import type { Pass, Timed } from './timing.ts'

/** What is asked of the process that an engine runs in; one question at a time. */
export type HostRequest =
  | { readonly call: 'open'; readonly engine: string; readonly input: SessionInput }
  | { readonly call: 'build'; readonly params: BuildParams }
  | { readonly call: 'measure'; readonly pass: Pass }
  | { readonly call: 'save' | 'reopen'; readonly path: string }
  | { readonly call: 'work'; readonly params: SearchParams; readonly count: number }
  | { readonly call: 'close' }

/** What it answers: any number of progress reports, then the result or an error. */
export type HostReply =
  | { readonly progress: Progress }
  | { readonly result: unknown }
  | { readonly error: { readonly code: string; readonly message: string } }

/** Has glibc give large blocks back when they are freed, so that resident memory is memory in use. */
const RETURN_MEMORY = { MALLOC_MMAP_THRESHOLD_: String(1 << 20) }

/** An engine in a Node process of its own. */
export class HostedSession implements Session {
  readonly facts: SessionFacts
  readonly #host: Connection

  private constructor(host: Connection, facts: SessionFacts) {
    this.#host = host
    this.facts = facts
  }

  /** Starts the process and the engine in it; fails with the reason why the engine does not run here. */
  static async open(engine: string, input: SessionInput): Promise<HostedSession> {
    const host = new Connection(engine)
    try {
      return new HostedSession(host, (await host.ask({ call: 'open', engine, input })) as SessionFacts)
    } catch (error) {
      host.end()
      throw error
    }
  }

  build(params: BuildParams, onProgress: (progress: Progress) => void): Promise<BuildReport> {
    return this.#host.ask({ call: 'build', params }, onProgress) as Promise<BuildReport>
  }

  measure(pass: Pass): Promise<Timed> {
    return this.#host.ask({ call: 'measure', pass }) as Promise<Timed>
  }

  save(path: string): Promise<SaveReport | undefined> {
    return this.#host.ask({ call: 'save', path }) as Promise<SaveReport | undefined>
  }

  reopen(path: string): Promise<OpenReport> {
    return this.#host.ask({ call: 'reopen', path }) as Promise<OpenReport>
  }

  work(params: SearchParams, count: number): Promise<Work | undefined> {
    return this.#host.ask({ call: 'work', params, count }) as Promise<Work | undefined>
  }

  async close(): Promise<void> {
    await this.#host.ask({ call: 'close' }).catch(() => this.#host.end())
    await this.#host.ended
  }
}

/** The channel to a host: a question is answered before the next is asked. */
class Connection {
  readonly #child: ChildProcess
  readonly #engine: string
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>
  #waiting: { resolve: (result: unknown) => void; reject: (error: unknown) => void } | undefined
  #onProgress: ((progress: Progress) => void) | undefined
  #why: string | undefined
  #output = ''

  constructor(engine: string) {
    this.#engine = engine
    const { entry, execArgv } = processEntry('engines/host')
    this.#child = fork(entry, [], {
      execArgv: [...execArgv, '--expose-gc'],
      serialization: 'advanced',
      env: { ...process.env, ...RETURN_MEMORY },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-2000)
    })
    this.#child.on('message', (reply: HostReply) => this.#receive(reply))
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#fail(error.message)
        resolve()
      })
      this.#child.once('exit', (code, signal) => {
        this.#fail(signal ? `was ended by ${signal}` : `ended with code ${code}`)
        resolve()
      })
    })
  }

  ask(request: HostRequest, onProgress?: (progress: Progress) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#why !== undefined) return reject(this.#gone())
      this.#waiting = { resolve, reject }
      this.#onProgress = onProgress
      this.#child.send(request, (error) => error && this.#fail(error.message))
    })
  }

  end(): void {
    this.#child.kill()
  }

  #receive(reply: HostReply): void {
    if ('progress' in reply) {
      this.#onProgress?.(reply.progress)
      return
    }
    const waiting = this.#waiting
    this.#waiting = undefined
    if ('result' in reply) waiting?.resolve(reply.result)
    else waiting?.reject(new OmenError(reply.error.code as OmenErrorCode, reply.error.message))
  }

  #fail(why: string): void {
    this.#why ??= why
    this.#waiting?.reject(this.#gone())
    this.#waiting = undefined
  }

  #gone(): OmenError {
    const said = this.#output.trim()
    return new OmenError('io', `the process of ${this.#engine} ${this.#why}${said ? `:\n${said}` : ''}`)
  }
}

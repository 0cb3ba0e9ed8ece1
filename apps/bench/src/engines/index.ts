import { OmenError } from '@omen/core'
import { HOSTED_NAMES } from './hosted.ts'
import { HostedSession } from './hosted-session.ts'
import type { Session, SessionInput } from './session.ts'
import { YardstickSession } from './yardstick-session.ts'

const YARDSTICK = 'hnswlib-cpp'

/** All engines, by the name that workloads use. */
export const ENGINE_NAMES: readonly string[] = [...HOSTED_NAMES, YARDSTICK]

/** Engines that are not part of this project and have to be installed. */
export const COMPETITORS: readonly string[] = ['hnswlib-node', 'usearch']

/**
 * Starts an engine in a process of its own.
 *
 * @throws OmenError saying why it cannot be measured here
 */
export async function openSession(engine: string, input: SessionInput): Promise<Session> {
  if (!ENGINE_NAMES.includes(engine)) {
    throw new OmenError('not_found', `there is no engine ${engine}; there are ${ENGINE_NAMES.join(', ')}`)
  }
  return engine === YARDSTICK ? YardstickSession.open(input) : HostedSession.open(engine, input)
}

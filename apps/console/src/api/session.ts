import {
  connect,
  OmenError,
  type OmenErrorCode,
  type RemoteCollection,
  type RemoteDatabase,
  type Schema,
} from '@omen/client'
import { type Signal, signal } from '@preact/signals'
import { key } from './key.ts'
import { BASE, requestJson } from './request.ts'

export type Role = 'read' | 'write' | 'admin'

export const ROLES: readonly Role[] = ['read', 'write', 'admin']

/** Roles by collection; `*` stands for all of them and for the server itself. */
export type Grants = Readonly<Record<string, Role>>

/** The server, and what the key may do. */
export interface ServerInfo {
  readonly version: string
  /** Whether collections can be searched by text. */
  readonly embedding: boolean
  readonly key: {
    readonly id: string
    readonly name: string
    readonly roles: Grants
    readonly expiresAt?: string
  }
  readonly limits: Readonly<Record<string, number>>
}

/** `undefined` until the server has accepted the key. */
export const info: Signal<ServerInfo | undefined> = signal(undefined)

/** Why the last sign-in failed. */
export const refusal: Signal<OmenError | undefined> = signal(undefined)

let connected: RemoteDatabase | undefined
const opened = new Map<string, Promise<RemoteCollection<Schema>>>()

/** The database behind the server. */
export function database(): RemoteDatabase {
  if (connected) return connected
  throw new OmenError('unauthenticated', 'sign in first')
}

/** A collection, whose schema is asked for once. */
export function collectionOf(name: string): Promise<RemoteCollection<Schema>> {
  const known = opened.get(name)
  if (known) return known
  const opening = database().collection(name)
  opening.catch(() => opened.delete(name))
  opened.set(name, opening)
  return opening
}

let attempts = 0

/** Shows the server a key, and keeps it when it is accepted, unless somebody has shown another meanwhile. */
export async function signIn(candidate: string): Promise<void> {
  const attempt = ++attempts
  const shown = candidate.trim()
  key.value = shown
  refusal.value = undefined
  try {
    const accepted = await requestJson<ServerInfo>('v1')
    const database = await connect(BASE, shown === '' ? {} : { key: shown })
    if (attempt !== attempts) return
    connected = database
    opened.clear()
    info.value = accepted
  } catch (error) {
    if (attempt !== attempts) return
    const refused = asOmenError(error)
    if (refused.code !== 'io') key.value = ''
    refusal.value = refused
  }
}

/** Takes up the session of this tab; a server that asks for no keys lets everybody in. */
export async function resume(): Promise<void> {
  const known = key.value !== ''
  await signIn(key.value)
  // Nobody has been refused who has not tried.
  if (!known && refusal.value?.code === 'unauthenticated') refusal.value = undefined
}

export function signOut(): void {
  key.value = ''
  info.value = undefined
  connected = undefined
}

/**
 * Why the key may not do something; undefined when it may.
 *
 * @param collection what with; the server itself when left out
 */
export function whyNot(role: Role, collection?: string): string | undefined {
  const roles = info.value?.key.roles ?? {}
  const rank = (held: Role | undefined): number => (held === undefined ? -1 : ROLES.indexOf(held))
  const held = Math.max(rank(roles['*']), collection === undefined ? -1 : rank(roles[collection]))
  if (held >= ROLES.indexOf(role)) return undefined
  const where = collection === undefined ? 'the whole server' : `the collection ${collection}`
  const has = held < 0 ? 'has no role there' : `may only ${ROLES[held]}`
  return `Needs the role ${role} for ${where}; this key ${has}.`
}

/** An error as one that has a code. */
export function asOmenError(error: unknown, code: OmenErrorCode = 'internal'): OmenError {
  return error instanceof OmenError
    ? error
    : new OmenError(code, error instanceof Error ? error.message : String(error))
}

import { OmenError } from '@omen/core'

/** What a key may do with a collection; each role includes those before it. */
export type Role = 'read' | 'write' | 'admin'

/** Roles, from the one that may least to the one that may all. */
export const ROLES: readonly Role[] = ['read', 'write', 'admin']

/** Roles by the name of a collection; `*` stands for all of them, and for the server itself. */
export type Grants = Readonly<Record<string, Role>>

/** The grant of all collections, and of what concerns none of them. */
export const EVERYWHERE = '*'

/** Who makes a request, and what they may do. */
export class Principal {
  /** Unique among all who may come: what limits and the audit log go by. */
  readonly id: string
  /** What people call it. */
  readonly name: string
  readonly grants: ReadonlyMap<string, Role>
  /** When it ceases to be valid, in milliseconds since 1970. */
  readonly expiresAt: number

  /** @param expiresAt in milliseconds since 1970; for ever when left out */
  constructor(id: string, name: string, grants: ReadonlyMap<string, Role>, expiresAt: number = Infinity) {
    this.id = id
    this.name = name
    this.grants = grants
    this.expiresAt = expiresAt
  }

  /**
   * Whether it has a role, or one that includes it.
   *
   * @param collection what for; the server itself when left out
   */
  may(role: Role, collection: string = EVERYWHERE): boolean {
    const everywhere = this.grants.get(EVERYWHERE)
    if (everywhere !== undefined && includes(everywhere, role)) return true
    const here = this.grants.get(collection)
    return here !== undefined && includes(here, role)
  }
}

/** Whoever comes, where a server asks nobody who they are. */
export const ANYBODY: Principal = new Principal('anybody', 'anybody', new Map([[EVERYWHERE, 'admin']]))

function includes(role: Role, wanted: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(wanted)
}

/**
 * Checks grants that came from outside.
 *
 * @throws OmenError `invalid_argument` saying what is wrong
 */
export function checkGrants(grants: unknown): ReadonlyMap<string, Role> {
  if (typeof grants !== 'object' || grants === null || Array.isArray(grants)) {
    throw new OmenError(
      'invalid_argument',
      `roles are an object such as { "docs": "read" } or { "*": "admin" }`,
    )
  }
  const checked = new Map<string, Role>()
  for (const [collection, role] of Object.entries(grants)) {
    if (!ROLES.includes(role)) {
      throw new OmenError(
        'invalid_argument',
        `the role for ${JSON.stringify(collection)} must be one of ${ROLES.join(', ')}`,
      )
    }
    checked.set(collection, role)
  }
  return checked
}

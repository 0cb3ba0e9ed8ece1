import { HttpError } from '../http/errors.ts'
import type { JwtVerifier } from './jwt.ts'
import type { KeyStore } from './key-store.ts'
import { ANYBODY, type Principal } from './roles.ts'

/** Finds out who makes a request, from its `Authorization` alone. */
export class Authenticator {
  readonly #keys: KeyStore | undefined
  readonly #jwt: JwtVerifier | undefined

  /**
   * @param keys undefined where everybody may do everything
   * @param jwt undefined where no tokens of others are accepted
   */
  constructor(keys: KeyStore | undefined, jwt: JwtVerifier | undefined) {
    this.#keys = keys
    this.#jwt = jwt
  }

  /**
   * @returns a promise only where an identity provider may have to be asked
   * @throws OmenError `unauthenticated`
   */
  identify(authorization: string | undefined): Principal | Promise<Principal> {
    if (!this.#keys) return ANYBODY
    const token = bearerOf(authorization)
    if (token === undefined) throw unauthenticated('this needs a key, as Authorization: Bearer omen_…')
    const known = this.#keys.verify(token)
    if (known) return known
    // Tokens have three parts; what has not the form of one is not worth asking about.
    if (this.#jwt && token.split('.').length === 3) return this.#ask(this.#jwt, token)
    throw invalid()
  }

  async #ask(jwt: JwtVerifier, token: string): Promise<Principal> {
    const principal = await jwt.verify(token)
    if (!principal) throw invalid()
    return principal
  }
}

const SCHEME = 'bearer '

function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization?.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined
  return authorization.slice(SCHEME.length).trim()
}

function invalid(): HttpError {
  return unauthenticated('this key is not valid: it was taken back, has expired, or never was one')
}

function unauthenticated(message: string): HttpError {
  return new HttpError('unauthenticated', message)
}

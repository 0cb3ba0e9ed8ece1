import { readFile } from 'node:fs/promises'
import { OmenError } from '@omen/core'
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import type { JwtConfig } from '../config/config.ts'
import { HttpError } from '../http/errors.ts'
import { checkGrants, Principal } from './roles.ts'

/** Says who has a token of an identity provider. */
export interface JwtVerifier {
  /**
   * @returns undefined for a token that is not valid
   * @throws OmenError `overloaded` when the keys of the issuer cannot be had
   */
  verify(token: string): Promise<Principal | undefined>
}

type Key = Uint8Array | JWTVerifyGetKey

const MIN_SECRET_BYTES = 32
/** What signatures may be made with: never `none`, and each kind of key only with its own. */
const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512']
const PUBLIC_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]

/**
 * Makes what verifies tokens, where the configuration names a source of keys.
 *
 * @throws OmenError `invalid_argument` for a file that has no keys, `io`
 */
export async function jwtVerifier(config: JwtConfig): Promise<JwtVerifier | undefined> {
  const key = await keyOf(config)
  if (!key) return undefined
  const { issuer, audience, rolesClaim } = config
  const options = {
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
    algorithms: key instanceof Uint8Array ? SECRET_ALGORITHMS : PUBLIC_ALGORITHMS,
    requiredClaims: ['sub', 'exp'],
  }
  return {
    async verify(token) {
      try {
        const { payload } =
          key instanceof Uint8Array
            ? await jwtVerify(token, key, options)
            : await jwtVerify(token, key, options)
        const { sub = '', exp = 0 } = payload
        return new Principal(`jwt:${sub}`, sub, checkGrants(payload[rolesClaim]), exp * 1000)
      } catch (error) {
        if (error instanceof errors.JOSEError && !isOutage(error)) return undefined
        if (error instanceof OmenError) return undefined
        throw new HttpError('overloaded', 'the keys of the issuer of tokens cannot be had now', {
          retryAfterSeconds: 5,
          cause: error,
        })
      }
    },
  }
}

function isOutage(error: errors.JOSEError): boolean {
  return error instanceof errors.JWKSTimeout || error.code === 'ERR_JOSE_GENERIC'
}

async function keyOf({ jwksUrl, jwksFile, secretFile }: JwtConfig): Promise<Key | undefined> {
  if (jwksUrl !== undefined) return createRemoteJWKSet(new URL(jwksUrl))
  if (jwksFile !== undefined) {
    const text = (await readKey(jwksFile)).toString('utf8')
    try {
      return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet)
    } catch (cause) {
      throw new OmenError('invalid_argument', `${jwksFile} is no set of keys (JWKS)`, { cause })
    }
  }
  if (secretFile === undefined) return undefined
  const secret = await readKey(secretFile)
  if (secret.length >= MIN_SECRET_BYTES) return secret
  throw new OmenError(
    'invalid_argument',
    `the secret in ${secretFile} has less than ${MIN_SECRET_BYTES} bytes`,
  )
}

async function readKey(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new OmenError('io', `cannot read ${file}`, { cause })
  }
}

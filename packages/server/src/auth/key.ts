import * as crypto from 'node:crypto'

const ID_BYTES = 8
const SECRET_BYTES = 32
/** Of a secret as a token says it, in base64url. */
export const SECRET_CHARACTERS: number = Math.ceil((SECRET_BYTES * 8) / 6)
const TOKEN = /^omen_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/

/** A key as it is handed out, once: nobody can read its secret again. */
export interface NewKey {
  readonly id: string
  /** What a request says after `Bearer`. */
  readonly token: string
  readonly hash: Buffer
}

/** The two parts of a token. */
export interface TokenParts {
  readonly id: string
  readonly secret: string
}

/** Makes a key with a secret of 256 random bits. */
export function makeKey(): NewKey {
  const id = crypto.randomBytes(ID_BYTES).toString('hex')
  const secret = crypto.randomBytes(SECRET_BYTES).toString('base64url')
  return { id, token: `omen_${id}_${secret}`, hash: hashOf(secret) }
}

/** The parts of a token; undefined for what has not the form of one. */
export function parseToken(token: string): TokenParts | undefined {
  const [, id, secret] = TOKEN.exec(token) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secret }
}

/**
 * What is stored of a secret: SHA-256, 32 bytes. A slow hash protects what people think up, which can be guessed; 256 random
 * bits cannot, and every request pays for the hash.
 */
export function hashOf(secret: string): Buffer {
  // In one call where there is it (Node 20.12), and as a text: both take less time.
  return crypto.hash === undefined
    ? crypto.createHash('sha256').update(secret).digest()
    : Buffer.from(crypto.hash('sha256', secret, 'hex'), 'hex')
}

/** Whether a secret is the one that was hashed, in a time that says nothing about it. */
export function matchesHash(secret: string, hash: Buffer): boolean {
  return crypto.timingSafeEqual(hashOf(secret), hash)
}

import { timingSafeEqual } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OmenError } from '@omen/core'
import { PRIVATE_FOLDER, writePrivately } from '../state/write-file.ts'
import { hashOf, makeKey, matchesHash, parseToken, SECRET_CHARACTERS } from './key.ts'
import { checkGrants, type Grants, Principal } from './roles.ts'

/** A key without its secret. */
export interface KeyInfo {
  readonly id: string
  readonly name: string
  readonly roles: Grants
  readonly createdAt: Date
  /** Never when left out. */
  readonly expiresAt?: Date
}

/** What a new key is to be. */
export interface KeyRequest {
  /** What people call it. */
  readonly name: string
  readonly roles: Grants
  readonly expiresAt?: Date | undefined
}

/** A new key, and what a request must say to use it: shown once. */
export interface CreatedKey extends KeyInfo {
  readonly key: string
}

interface StoredKey {
  readonly info: KeyInfo
  readonly hash: Buffer
  readonly principal: Principal
  /** The bytes of its secret, in memory alone, once somebody has said it: to compare them takes a quarter of another hash. */
  secret?: Buffer
}

const FILE = 'keys.json'
const FORMAT = 1
const HASH_BYTES = 32
/** Compared with where there is no key of an id, so that time does not tell whether there is; no secret is either. */
const NO_HASH = hashOf('no key has this secret')
const NO_SECRET = Buffer.alloc(SECRET_CHARACTERS)

/** The keys of a server, in a file that only its owner can read; of secrets it has the hashes alone. */
export class KeyStore {
  readonly #path: string | undefined
  #keys: ReadonlyMap<string, StoredKey>
  /** Changes are written one after another. */
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string | undefined, keys: ReadonlyMap<string, StoredKey>) {
    this.#path = path
    this.#keys = keys
  }

  /**
   * Opens the keys that lie in a folder, which is created when it is not there.
   *
   * @param folder undefined for keys that end with the process
   * @throws OmenError `corrupt_database` for a file that is no file of keys
   */
  static async open(folder: string | undefined): Promise<KeyStore> {
    if (folder === undefined) return new KeyStore(undefined, new Map())
    await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER })
    const path = join(folder, FILE)
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw new OmenError('io', `cannot read the keys in ${path}`, { cause: error })
    })
    return new KeyStore(path, text === undefined ? new Map() : parseKeys(path, text))
  }

  /** The keys that there are, the oldest first. */
  list(): KeyInfo[] {
    return [...this.#keys.values()].map(({ info }) => info)
  }

  /** Whether there is a key that may do everything, and has not expired. */
  get hasAdmin(): boolean {
    return [...this.#keys.values()].some(
      ({ principal }) => principal.may('admin') && principal.expiresAt > Date.now(),
    )
  }

  /**
   * Who has a token, in a time that says nothing about secrets.
   *
   * @returns undefined for no token of ours, and for one that has expired
   */
  verify(token: string): Principal | undefined {
    const parts = parseToken(token)
    if (!parts) return undefined
    const stored = this.#keys.get(parts.id)
    const said = Buffer.from(parts.secret, 'latin1')
    if (!timingSafeEqual(said, stored?.secret ?? NO_SECRET)) {
      const right = matchesHash(parts.secret, stored?.hash ?? NO_HASH)
      if (!right || !stored) return undefined
      stored.secret = said
    }
    return stored && stored.principal.expiresAt > Date.now() ? stored.principal : undefined
  }

  /**
   * Makes a key. It is durable when this resolves.
   *
   * @throws OmenError `invalid_argument`, `io`
   */
  async create(request: KeyRequest): Promise<CreatedKey> {
    const { name, roles, expiresAt } = request
    const { id, token, hash } = makeKey()
    const info: KeyInfo = {
      ...{ id, name, roles: Object.fromEntries(checkGrants(roles)), createdAt: new Date() },
      ...(expiresAt && { expiresAt }),
    }
    await this.#change((keys) => keys.set(id, storedKey(info, hash)))
    return { ...info, key: token }
  }

  /**
   * Takes a key back: the next request with it is refused.
   *
   * @returns whether there was one
   * @throws OmenError `io`
   */
  async revoke(id: string): Promise<boolean> {
    let there = false
    await this.#change((keys) => {
      there = keys.delete(id)
    })
    return there
  }

  async #change(change: (keys: Map<string, StoredKey>) => void): Promise<void> {
    const done = this.#writing.then(async () => {
      const keys = new Map(this.#keys)
      change(keys)
      if (this.#path !== undefined) await writeKeys(this.#path, keys)
      this.#keys = keys
    })
    this.#writing = done.catch(() => undefined)
    await done
  }
}

function storedKey(info: KeyInfo, hash: Buffer): StoredKey {
  const principal = new Principal(
    info.id,
    info.name,
    new Map(Object.entries(info.roles)),
    info.expiresAt?.getTime(),
  )
  return { info, hash, principal }
}

async function writeKeys(path: string, keys: ReadonlyMap<string, StoredKey>): Promise<void> {
  const file = {
    format: FORMAT,
    keys: [...keys.values()].map(({ info, hash }) => ({ ...info, hash: hash.toString('hex') })),
  }
  try {
    await writePrivately(path, `${JSON.stringify(file, undefined, 2)}\n`)
  } catch (cause) {
    throw new OmenError('io', `cannot write the keys to ${path}`, { cause })
  }
}

interface KeyRecord {
  readonly id: string
  readonly name: string
  readonly roles: unknown
  readonly createdAt: string
  readonly expiresAt?: string
  readonly hash: string
}

function parseKeys(path: string, text: string): Map<string, StoredKey> {
  try {
    const { format, keys } = JSON.parse(text) as { format: unknown; keys: readonly KeyRecord[] }
    if (format !== FORMAT) throw new Error(`format ${String(format)} is not known`)
    return new Map(keys.map((record) => [record.id, parseKey(record)]))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OmenError('corrupt_database', `${path} is no file of keys: ${why}`, { cause })
  }
}

function parseKey({ id, name, roles, createdAt, expiresAt, hash }: KeyRecord): StoredKey {
  const bytes = Buffer.from(hash, 'hex')
  if (bytes.length !== HASH_BYTES) throw new Error(`key ${id} has no hash`)
  const info: KeyInfo = {
    ...{ id, name, roles: Object.fromEntries(checkGrants(roles)), createdAt: dateOf(createdAt) },
    ...(expiresAt !== undefined && { expiresAt: dateOf(expiresAt) }),
  }
  return storedKey(info, bytes)
}

function dateOf(text: string): Date {
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) throw new Error(`${text} is no date`)
  return date
}

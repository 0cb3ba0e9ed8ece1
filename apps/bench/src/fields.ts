import { OmenError } from '@omen/core'

const TEXTS = ['about', 'quantizer', 'keep', 'over'] as const
type OptionalText = (typeof TEXTS)[number]
type OptionalNumber = 'alpha' | 'rows' | 'queries' | 'rescore' | 'at' | 'atLeast' | 'atMost'
type Optional<K extends OptionalText | OptionalNumber> = {
  [P in K]?: P extends OptionalText ? string : number
}

/** The fields of a JSON object: each is asked for once, and in the end none may be left. Every error names its field. */
export class Fields {
  readonly #fields: Record<string, unknown>
  readonly #where: string
  readonly #asked = new Set<string>()

  constructor(raw: unknown, where: string) {
    this.#where = where
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
      throw this.error('', 'must be an object')
    this.#fields = raw as Record<string, unknown>
  }

  error(key: string, what: string): OmenError {
    return new OmenError('invalid_argument', `${this.#where}: ${key ? `"${key}" ` : ''}${what}`)
  }

  /** Whether a field is there; asking for its value comes after. */
  has(key: string): boolean {
    return this.#take(key) !== undefined
  }

  text(key: string, otherwise?: string): string {
    const value = this.#take(key) ?? otherwise
    if (typeof value !== 'string' || value === '') throw this.error(key, 'must be a text')
    return value
  }

  positive(key: string, otherwise?: number): number {
    const value = this.#take(key) ?? otherwise
    if (!Number.isInteger(value) || (value as number) < 1)
      throw this.error(key, 'must be a whole number of 1 or more')
    return value as number
  }

  numbers(key: string, otherwise: readonly number[]): readonly number[] {
    const value = this.#take(key) ?? otherwise
    const valid = Array.isArray(value) && value.length > 0 && value.every((each) => Number.isFinite(each))
    if (!valid) throw this.error(key, 'must be a list of numbers')
    return value
  }

  positives(key: string, otherwise: readonly number[]): readonly number[] {
    const values = this.numbers(key, otherwise)
    if (values.some((value) => !Number.isInteger(value) || value < 1))
      throw this.error(key, 'must be whole numbers of 1 or more')
    return values
  }

  texts(key: string): readonly string[] {
    const value = this.#take(key)
    const valid = Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string')
    if (!valid) throw this.error(key, 'must be a list of names')
    return value
  }

  objects(key: string, otherwise?: readonly unknown[]): Fields[] {
    const value = this.#take(key) ?? otherwise
    if (!Array.isArray(value)) throw this.error(key, 'must be a list')
    return value.map((each, i) => new Fields(each, `${this.#where}, ${key} ${i + 1}`))
  }

  /** An object of the reader's own making; undefined when it is left out. */
  object(key: string): Record<string, unknown> | undefined {
    const value = this.#take(key)
    if (value === undefined) return undefined
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw this.error(key, 'must be an object')
    return value as Record<string, unknown>
  }

  /** Names that are on or off; undefined when they are left out. */
  flags(key: string): Readonly<Record<string, boolean>> | undefined {
    const value = this.object(key)
    const wrong = Object.entries(value ?? {}).find(([, each]) => typeof each !== 'boolean')
    if (wrong) throw this.error(key, `must say true or false for ${wrong[0]}`)
    return value as Readonly<Record<string, boolean>> | undefined
  }

  flag(key: string): boolean {
    const value = this.#take(key) ?? false
    if (typeof value !== 'boolean') throw this.error(key, 'must be true or false')
    return value
  }

  /** Those of the named fields that are there, checked. */
  optional<K extends OptionalText | OptionalNumber>(...keys: K[]): Optional<K> {
    const found: Record<string, unknown> = {}
    for (const key of keys) {
      const value = this.#take(key)
      if (value === undefined) continue
      const kind = TEXTS.some((text) => text === key) ? 'string' : 'number'
      if (typeof value !== kind) throw this.error(key, `must be a ${kind === 'string' ? 'text' : 'number'}`)
      found[key] = value
    }
    return found as Optional<K>
  }

  end(): void {
    const unknown = Object.keys(this.#fields).filter((key) => !this.#asked.has(key))
    if (unknown.length > 0)
      throw this.error(unknown[0] ?? '', `is unknown; there are ${[...this.#asked].join(', ')}`)
  }

  #take(key: string): unknown {
    this.#asked.add(key)
    return this.#fields[key]
  }
}

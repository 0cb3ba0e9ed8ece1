import { type Collection, type Database, integer, keyword, text, vector } from '@omen/db'
import type { Encoder, Synset } from '@omen/wordnet'

/** What a meaning is in the database. The types of rows, filters and hits all come from here. */
const schema = {
  words: keyword({ many: true }),
  partOfSpeech: keyword(),
  topic: keyword(),
  gloss: text(),
  uses: integer(),
  embedding: vector(512, { metric: 'cosine' }),
}

/** The parts of speech to filter by. */
export const PARTS = ['noun', 'verb', 'adjective', 'adverb'] as const
export type Part = (typeof PARTS)[number]

export interface Question {
  readonly text: string
  /** Only meanings of this part of speech. */
  readonly part?: Part | undefined
  /** Meanings wanted. */
  readonly limit: number
}

/** A meaning that was found. */
export interface Meaning {
  readonly words: readonly string[]
  readonly partOfSpeech: string
  readonly gloss: string
  /** The cosine between question and gloss: larger is closer. */
  readonly score: number
}

/** What came of a question; times in milliseconds. */
export interface Answer {
  /** Closest first. */
  readonly meanings: readonly Meaning[]
  readonly embeddingMs: number
  readonly searchMs: number
}

/** What a load did; times in milliseconds. */
export interface Loaded {
  readonly rows: number
  readonly embeddingMs: number
  /** What the database took until every row would survive a power cut. */
  readonly storingMs: number
}

/** Meanings that are embedded and stored together. */
const BATCH = 128

/** WordNet in a collection of a database, to be searched by meaning. */
export class Dictionary {
  readonly #glosses: Collection<typeof schema>

  private constructor(glosses: Collection<typeof schema>) {
    this.#glosses = glosses
  }

  /** Opens the collection, creating it where there is none. */
  static async open(db: Database): Promise<Dictionary> {
    return new Dictionary(await db.collection('glosses', schema))
  }

  /** How many meanings there are. */
  count(): Promise<number> {
    return this.#glosses.count()
  }

  /**
   * Embeds and stores meanings, in the order given. Every batch is durable before the next one begins.
   *
   * @param onProgress told how many are stored
   */
  async load(
    synsets: readonly Synset[],
    encoder: Encoder,
    onProgress: (stored: number) => void,
  ): Promise<Loaded> {
    let [embeddingMs, storingMs] = [0, 0]
    for (let stored = 0; stored < synsets.length; stored += BATCH) {
      onProgress(stored)
      const batch = synsets.slice(stored, stored + BATCH)
      const started = performance.now()
      const vectors = await encoder.embed(batch.map(({ gloss }) => definition(gloss)))
      const embedded = performance.now()
      await this.#glosses.upsert(
        batch.map((synset, i) => ({
          id: synset.id,
          words: synset.words,
          partOfSpeech: synset.partOfSpeech === 'satellite' ? 'adjective' : synset.partOfSpeech,
          topic: synset.lexicalFile.name,
          gloss: definition(synset.gloss),
          uses: synset.uses,
          embedding: vectors[i] ?? [],
        })),
      )
      embeddingMs += embedded - started
      storingMs += performance.now() - embedded
    }
    return { rows: synsets.length, embeddingMs, storingMs }
  }

  /** Compares searches with exact ones: the share of the ten closest meanings that they find, from 0 to 1. */
  async recall(): Promise<number> {
    const { recall } = await this.#glosses.measureRecall({ k: 10, samples: 100 })
    return recall
  }

  /** Finds the meanings that are closest to a question. */
  async ask({ text, part, limit }: Question, encoder: Encoder): Promise<Answer> {
    const started = performance.now()
    const [query = []] = await encoder.embed([text])
    const embedded = performance.now()
    const { hits } = await this.#glosses.search({
      vector: { embedding: query },
      where: part ? { partOfSpeech: part } : {},
      select: ['words', 'partOfSpeech', 'gloss'],
      limit,
    })
    return { meanings: hits, embeddingMs: embedded - started, searchMs: performance.now() - embedded }
  }
}

/** A gloss without the examples that follow the definition. */
function definition(gloss: string): string {
  return gloss.replace(/[;:]? *".*$/s, '') || gloss
}

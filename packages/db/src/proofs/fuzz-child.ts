import { type JsonObject, NO_ROW, OmenError, type StoredSection } from '@omen/core'
import { randomNumbers } from '@omen/core/testing'
import { Hnsw, type HnswOptions } from '@omen/hnsw'
import { accelerator as nativeAccelerator } from '@omen/native'
import { leanvec, lvq4, lvq8, quantizers, rabitq, sq8 } from '@omen/quant'

const ROWS = 220
const SEARCHES = 6

/** A saved graph: what it says of itself, and its bytes by section. */
interface Saved {
  readonly metadata: JsonObject
  readonly sections: ReadonlyMap<string, Uint8Array>
}

const accelerator = nativeAccelerator() ?? null
if (!accelerator) throw new Error('the addon is not there')

/** Sound images to begin with: of several codes, with twins and tombstones. */
const SHAPES: readonly HnswOptions[] = [
  { dimension: 7, metric: 'l2', m: 4, beam: 20 },
  { dimension: 19, metric: 'cosine', m: 8, beam: 20, quantizer: sq8(), keep: 'f16' },
  { dimension: 33, metric: 'dot', m: 4, beam: 20, quantizer: lvq8(), keep: 'codes' },
  { dimension: 24, metric: 'l2', m: 6, beam: 20, quantizer: lvq4(), keep: 'f32' },
  { dimension: 16, metric: 'l2', m: 4, beam: 20, quantizer: rabitq({ bits: 2 }), keep: 'f32' },
  { dimension: 24, metric: 'cosine', m: 4, beam: 20, quantizer: leanvec({ components: 9 }), keep: 'f16' },
]

async function save(options: HnswOptions, random: () => number): Promise<Saved> {
  const { dimension } = options
  const vectors = Float32Array.from({ length: ROWS * dimension }, () => Math.floor(random() * 64) + 1)
  // Copies of others hang on them in chains, which are bytes of their own.
  for (let row = 8; row < ROWS; row += 8) vectors.copyWithin(row * dimension, 0, dimension)
  const index = await Hnsw.build({ ...options, vectors, accelerator, threads: 1 })
  await index.remove(Uint32Array.from({ length: 12 }, (_, i) => i * 17))
  let saved: Saved | undefined
  await index.save(async ({ metadata, sections }) => {
    const bytes = sections.map(
      ({ name, parts }) => [name, new Uint8Array(Buffer.concat([...parts()]))] as const,
    )
    saved = { metadata, sections: new Map(bytes) }
  })
  index.close()
  return saved as Saved
}

/** Numbers that lie where something ends. */
function oddNumber(random: () => number): number {
  const odd = [0, 1, ROWS - 1, ROWS, ROWS + 1, 2 ** 14, 2 ** 31, NO_ROW - 1, NO_ROW]
  return random() < 0.5 ? (odd[Math.floor(random() * odd.length)] as number) : Math.floor(random() * ROWS)
}

/** A copy with some bytes, or facts, or sizes changed; each section in memory of its own, not a byte longer than it. */
function damaged({ metadata, sections }: Saved, random: () => number): Saved {
  const copies = new Map([...sections].map(([name, bytes]) => [name, new Uint8Array(bytes)]))
  const names = [...copies.keys()]
  const facts: Record<string, JsonObject[string]> = { ...metadata }
  for (let times = 1 + Math.floor(random() ** 3 * 6); times > 0; times--) {
    const name = names[Math.floor(random() * names.length)] as string
    const bytes = copies.get(name) as Uint8Array
    const kind = random()
    if (kind < 0.45 && bytes.length >= 4) {
      const at = Math.floor(random() * Math.floor(bytes.length / 4)) * 4
      new DataView(bytes.buffer).setUint32(at, oddNumber(random), true)
    } else if (kind < 0.85 && bytes.length > 0) {
      const at = Math.floor(random() * bytes.length)
      bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(random() * 8))
    } else if (kind < 0.93) {
      copies.set(name, bytes.slice(0, Math.floor(random() * (bytes.length + 1))))
    } else {
      const fact = ['rows', 'm', 'dimension', 'beam'][Math.floor(random() * 4)] as string
      facts[fact] = oddNumber(random)
    }
  }
  return { metadata: facts, sections: copies }
}

/** An image in which every section passes for what was written: its checksum was made after the damage. */
function imageOf({ metadata, sections }: Saved): Parameters<typeof Hnsw.open>[0] {
  const stored = [...sections].map(([name, bytes]): [string, StoredSection] => [
    name,
    {
      sizeBytes: bytes.length,
      mapped: bytes,
      verify: async () => undefined,
      readInto: async (parts) => {
        let at = 0
        for (const part of parts) {
          part.set(bytes.subarray(at, at + part.length))
          at += part.length
        }
      },
    },
  ])
  return { source: 'a damaged image', metadata, sections: new Map(stored) }
}

/** Searches and, where that is allowed, changes what has been opened. */
async function use(index: Hnsw, readOnly: boolean, random: () => number): Promise<void> {
  const { dimension } = index.shape
  const vectors = (count: number): Float32Array =>
    Float32Array.from({ length: count * dimension }, () => Math.floor(random() * 64) + 1)
  for (let i = 0; i < SEARCHES; i++) {
    const k = 1 + Math.floor(random() * 20)
    const { rows } = await index.search(vectors(1), { k, beam: 1 + Math.floor(random() * 40) })
    if (rows.some((row) => row >= ROWS)) throw new Error(`a search found row ${Math.max(...rows)} of ${ROWS}`)
  }
  await index.searchMany(vectors(4), { k: 3 })
  if (readOnly) return
  await index.add(vectors(3), { threads: 1 })
  await index.remove(Uint32Array.of(1))
}

/** The checksum over bytes at the very end of their memory, begun at every place of a word. */
async function hash(random: () => number): Promise<void> {
  const bytes = new Uint8Array(512 + Math.floor(random() * 3000))
  const checksum = accelerator?.createChecksum()
  await checksum?.update(bytes.subarray(Math.floor(random() * 8)))
  checksum?.value()
}

/** What must not go well: links that change behind the checks, in a graph that is read where it lies. */
async function trip(sound: Saved, random: () => number): Promise<void> {
  const copy: Saved = { ...sound, sections: new Map(sound.sections) }
  const links = Uint32Array.from(new Uint32Array((sound.sections.get('links') as Uint8Array).buffer))
  ;(copy.sections as Map<string, Uint8Array>).set('links', new Uint8Array(links.buffer))
  const index = await Hnsw.open(imageOf(copy), { accelerator, quantizers: quantizers(), readOnly: true })
  links.fill(ROWS + 5)
  await use(index, true, random)
}

/** Runs in a process of its own, whose addon is under sanitizers: they end it at the first wrong access. */
async function main(what: string, seconds: number, seed: number): Promise<void> {
  const random = randomNumbers(seed)
  const saved: Saved[] = []
  for (const shape of SHAPES) saved.push(await save(shape, random))
  if (what === 'trip') return trip(saved[0] as Saved, random)
  const tried = { images: 0, refused: 0, opened: 0 }
  for (const end = Date.now() + seconds * 1000; Date.now() < end; tried.images++) {
    const sound = saved[tried.images % saved.length] as Saved
    const readOnly = random() < 0.7
    const image = imageOf(damaged(sound, random))
    let index: Hnsw | undefined
    try {
      index = await Hnsw.open(image, { accelerator, quantizers: quantizers(), readOnly })
      await use(index, readOnly, random)
      tried.opened++
    } catch (error) {
      if (!(error instanceof OmenError)) throw new Error(`image ${tried.images}`, { cause: error })
      tried.refused++
    } finally {
      index?.close()
    }
    await hash(random)
  }
  console.log(JSON.stringify(tried))
}

const [what = '', seconds, seed] = process.argv.slice(2)
await main(what, Number(seconds), Number(seed))

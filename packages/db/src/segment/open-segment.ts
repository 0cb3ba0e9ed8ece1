import {
  type Accelerator,
  type IndexImage,
  OmenError,
  type Quantizer,
  Slab,
  type StorageBackend,
  type StoredSection,
  storedSection,
} from '@omen/core'
import { openSectionRegion, type SectionFile } from '@omen/core/file'
import { Hnsw } from '@omen/hnsw'
import { accelerator as nativeAccelerator } from '@omen/native'
import { quantizers as allQuantizers } from '@omen/quant'
import type { VectorField } from '@omen/schema'
import type { CheckedSchema } from '@omen/schema/check'
import { payloadIndexContents } from '../payload/build-index.ts'
import { doublesOf, sectionBytes, wordsOf } from '../payload/load.ts'
import { SealedPayload } from '../payload/sealed-payload.ts'
import { PayloadStore } from '../payload/store.ts'
import type { SearchableField } from './field-search.ts'
import { FieldVectors } from './field-vectors.ts'
import type { GraphMemory } from './graph-memory.ts'
import { ID_BYTES, ID_ENDS, ID_TABLE } from './id-table.ts'
import { imageOf } from './memory-image.ts'
import { quantizerOf } from './quantizers.ts'
import { SealedIds } from './sealed-ids.ts'
import { SealedSegment } from './sealed-segment.ts'
import { headerHash, ROWS_KIND, type SegmentFile, type SegmentFiles } from './segment-files.ts'
import { SlotRows } from './slot-rows.ts'

export interface OpenSegmentOptions {
  /** Makes it faster, with the same answers: that of `@omen/native` when left out, none for `null`. */
  readonly accelerator?: Accelerator | null
  /** What graphs may be read into; they are mapped where it is left out or used up, if their files can be. */
  readonly graphMemory?: GraphMemory | undefined
  /** Quantizers besides those of @omen/quant and of the schema. */
  readonly quantizers?: readonly Quantizer[]
  /**
   * Told of a derived file that is damaged: the segment does without it, slower. And with `corrupt_segment` of the file of the
   * rows, when its damage is found after the segment was opened: the segment is not read any more then.
   */
  readonly onDamage?: (file: string, error: OmenError) => void
}

/**
 * Opens a segment that `seal` or `mergeSegments` wrote.
 *
 * Everything that leads to rows is checked before this resolves, graphs and indexes wholly; of what leads nowhere each page of
 * payload when it is first read, and vectors that are mapped in the background (see `SealedSegment.verified`): until that has
 * come by, a flipped bit of one is a wrong distance of its row. A damaged graph or index of the payload is reported and done without: fields
 * are then scanned, and the index is made again in memory. A vector field that the schema has and the segment lacks is one
 * that was added later.
 *
 * @throws OmenError `corrupt_segment` naming the file for damaged rows, `unknown_quantizer`, `unsupported`, `not_found`, `io`
 */
export async function openSegment(
  schema: CheckedSchema,
  storage: StorageBackend,
  files: SegmentFiles,
  options: OpenSegmentOptions = {},
): Promise<SealedSegment> {
  const opening = new Opening(schema, storage, files, options)
  try {
    return await opening.run()
  } catch (error) {
    await opening.close()
    throw error
  }
}

/** One segment while it is opened, and what must be closed with it. */
class Opening {
  readonly #schema: CheckedSchema
  readonly #storage: StorageBackend
  readonly #files: SegmentFiles
  readonly #options: OpenSegmentOptions
  readonly #accelerator: Accelerator | undefined
  readonly #damaged: string[] = []
  readonly #graphs: Hnsw[] = []
  readonly #open: SectionFile[] = []
  /** Bytes of the memory for graphs that are taken. */
  #taken = 0

  constructor(
    schema: CheckedSchema,
    storage: StorageBackend,
    files: SegmentFiles,
    options: OpenSegmentOptions,
  ) {
    this.#schema = schema
    this.#storage = storage
    this.#files = files
    this.#options = options
    const { accelerator } = options
    this.#accelerator = (accelerator === undefined ? nativeAccelerator() : accelerator) ?? undefined
  }

  async run(): Promise<SealedSegment> {
    const files = this.#files
    const rows = await this.#damagedAsSegment(() => this.#openRows())
    const payload = await this.#openPayload(rows.store)
    const fields = new Map<string, SearchableField>()
    for (const [name, field] of this.#schema.vectors) {
      const vectors = await this.#damagedAsSegment(() => this.#openVectors(rows.image, name, field))
      const graph = await this.#openGraph(name, field, vectors)
      fields.set(name, { field, vectors, graph, linked: graph ? vectors.slots.count : 0 })
    }
    return new SealedSegment({
      ...rows,
      files,
      payload,
      fields,
      damaged: this.#damaged,
      verified: this.#verify(rows.image).catch((error: unknown) => this.#report(error)),
      threads: this.#accelerator?.doctor().threads ?? 1,
      close: () => this.close(),
    })
  }

  async close(): Promise<void> {
    for (const graph of this.#graphs) await graph.close()
    for (const file of this.#open) await file.close()
    this.#options.graphMemory?.giveBack(this.#taken)
    this.#taken = 0
  }

  async #file({ name, sizeBytes, hash }: SegmentFile, mapped = true): Promise<SectionFile> {
    const region = await this.#storage.read(name)
    const header = new Uint8Array(64)
    const whole = region.sizeBytes === sizeBytes
    if (whole) await region.readInto(header, 0)
    if (!whole || headerHash(header) !== hash) {
      await region.close()
      throw new OmenError('corrupt_index', `file ${name} is not the one that the manifest names`)
    }
    const file = await openSectionRegion(region, name, { accelerator: this.#accelerator, mapped })
    this.#open.push(file)
    return file
  }

  async #openRows(): Promise<{
    image: IndexImage
    ids: SealedIds
    versions: Float64Array
    expiry: Float64Array | undefined
    store: PayloadStore
  }> {
    const { rowsFile, rows } = this.#files
    const image = await this.#file(rowsFile)
    if (image.metadata.kind !== ROWS_KIND || image.metadata.rows !== rows) {
      throw new OmenError('corrupt_index', `file ${rowsFile.name} does not hold ${rows} rows`)
    }
    const load = (name: string): Promise<Uint8Array> => sectionBytes(image, name, { verify: true })
    const ids = new SealedIds(
      await load(ID_BYTES),
      wordsOf(image, ID_ENDS, await load(ID_ENDS), rows * 2),
      wordsOf(image, ID_TABLE, await load(ID_TABLE)),
      this.#accelerator,
    )
    const versions = doublesOf(image, 'versions', await load('versions'), rows)
    const expiry = image.sections.has('expiry')
      ? doublesOf(image, 'expiry', await load('expiry'), rows)
      : undefined
    const store = await PayloadStore.open(image, rows, { accelerator: this.#accelerator })
    return { image, ids, versions, expiry, store }
  }

  async #openVectors(image: IndexImage, name: string, field: VectorField): Promise<FieldVectors> {
    const { dimension, metric } = field
    const shape = { dimension, metric }
    const facts = (image.metadata.fields as Readonly<Record<string, unknown>>)[name]
    if (facts === undefined) return new FieldVectors(shape, this.#accelerator)
    const stored = facts as { readonly dimension: number; readonly vectors: number }
    if (stored.dimension !== dimension) {
      throw new OmenError('corrupt_index', `${image.source} has ${stored.dimension} dimensions in ${name}`)
    }
    const section = `slots.${name}`
    const slots = image.sections.has(section)
      ? wordsOf(image, section, await sectionBytes(image, section, { verify: true }), stored.vectors)
      : undefined
    const { bytesPerRow } = new FieldVectors(shape, undefined).slab
    const bytes = storedSection(image, `vectors.${name}`, stored.vectors * bytesPerRow)
    const slab = await this.#slabOf(bytes, bytesPerRow, stored.vectors)
    return new FieldVectors(shape, this.#accelerator, { slab, slots: new SlotRows(stored.vectors, slots) })
  }

  /** Vectors in place where they are mapped, else read. */
  async #slabOf(section: StoredSection, bytesPerRow: number, rows: number): Promise<Slab> {
    const { mapped } = section
    if (mapped && mapped.byteOffset % 4 === 0) return Slab.over(bytesPerRow, mapped)
    const slab = new Slab(bytesPerRow, { accelerator: this.#accelerator })
    slab.ensure(rows)
    await section.readInto(slab.parts(rows))
    return slab
  }

  async #openPayload(store: PayloadStore): Promise<SealedPayload> {
    try {
      return await SealedPayload.open(this.#schema, store, await this.#file(this.#files.payloadFile))
    } catch (error) {
      this.#doWithout(this.#files.payloadFile, error)
      const contents = await this.#damagedAsSegment(() => payloadIndexContents(this.#schema, store))
      return await SealedPayload.open(this.#schema, store, imageOf(contents, 'the index made again'))
    }
  }

  async #openGraph(name: string, field: VectorField, vectors: FieldVectors): Promise<Hnsw | undefined> {
    const { graphs } = this.#files
    const file = Object.hasOwn(graphs, name) ? graphs[name] : undefined
    if (!file || field.index === 'flat' || vectors.slots.count === 0) return undefined
    try {
      const { keep, quantizer } = field
      const graph = await Hnsw.open(await this.#file(file, !this.#takeMemory(file)), {
        quantizers: [
          ...(this.#options.quantizers ?? []),
          quantizerOf(quantizer),
          ...(typeof keep === 'object' ? [quantizerOf(keep)] : []),
          ...allQuantizers(),
        ],
        accelerator: this.#accelerator ?? null,
        rescoreBy: vectors.codes,
        readOnly: true,
      })
      this.#graphs.push(graph)
      if (graph.size !== vectors.slots.count || graph.shape.dimension !== field.dimension) {
        throw new OmenError('corrupt_index', `${file.name} is not the graph of these vectors`)
      }
      return graph
    } catch (error) {
      this.#doWithout(file, error)
      return undefined
    }
  }

  #takeMemory({ sizeBytes }: SegmentFile): boolean {
    if (!this.#options.graphMemory?.take(sizeBytes)) return false
    this.#taken += sizeBytes
    return true
  }

  /** Reports a derived file that is damaged or gone. @throws any other error */
  #doWithout({ name }: SegmentFile, error: unknown): void {
    if (!(error instanceof OmenError && (error.code === 'corrupt_index' || error.code === 'not_found')))
      throw error
    this.#damaged.push(name)
    this.#options.onDamage?.(name, error)
  }

  /** Vectors that were read are checked already; what is mapped is checked where it lies. */
  async #verify(image: IndexImage): Promise<void> {
    await this.#damagedAsSegment(async () => {
      for (const [name, section] of image.sections) {
        if (section.mapped && (name.startsWith('vectors.') || name === 'payload')) {
          await section.verify({ background: true })
        }
      }
    })
  }

  /** Passes on damage that was found after the segment was opened. @throws the error */
  #report(error: unknown): never {
    if (error instanceof OmenError && error.code === 'corrupt_segment') {
      this.#options.onDamage?.(this.#files.rowsFile.name, error)
    }
    throw error
  }

  async #damagedAsSegment<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task()
    } catch (error) {
      if (!(error instanceof OmenError && error.code === 'corrupt_index')) throw error
      const { id } = this.#files
      throw new OmenError('corrupt_segment', `segment ${id} is damaged: ${error.message}`, { cause: error })
    }
  }
}

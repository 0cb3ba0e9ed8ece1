import { type CollectionInfo, type OmenError, vectorFieldNames } from '@omen/client'
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { getRows, type Row, search } from '../../api/rows.ts'
import { asOmenError } from '../../api/session.ts'
import { type Colouring, colouringOf } from './colours.ts'
import type { LayoutName } from './layout.ts'
import type { LayoutReport, LayoutTask } from './layout-worker.ts'
import { colourFields, loadPoints, type Points } from './points.ts'

/** What is being done before the map is as it is to be. */
export type Stage =
  | { readonly name: 'loading'; readonly rows: number }
  | { readonly name: 'laying out'; readonly done: number }
  | { readonly name: 'ready' }

/** Rows that are shown as the neighbours of the one that was picked. */
const NEIGHBOURS = 12
const REMEMBERED_ROWS = 500

/** The map of a collection: its points, where they lie, and what is known of the one that was picked. */
export class Atlas {
  readonly collection: CollectionInfo
  readonly field: Signal<string>
  readonly layout: Signal<LayoutName> = signal<LayoutName>('umap')
  readonly sample: Signal<number>
  readonly colourField: Signal<string>
  readonly hidden: Signal<ReadonlySet<string>> = signal(new Set<string>())
  readonly stage: Signal<Stage> = signal<Stage>({ name: 'loading', rows: 0 })
  readonly points: Signal<Points | undefined> = signal(undefined)
  readonly positions: Signal<Float32Array | undefined> = signal(undefined)
  readonly error: Signal<OmenError | undefined> = signal(undefined)
  /** The row that was clicked, with all its fields but vectors. */
  readonly picked: Signal<Row | undefined> = signal(undefined)
  /** The rows nearest to it, as the database finds them, whether they are drawn or not. */
  readonly neighbours: Signal<readonly Row[]> = signal([])
  readonly colouring: ReadonlySignal<Colouring>
  readonly #rows = new Map<string, Promise<Row | undefined>>()
  readonly #numbers: ReadonlySignal<ReadonlyMap<string, number>>
  #stop = new AbortController()
  #worker: Worker | undefined

  constructor(collection: CollectionInfo) {
    const { schema, rows } = collection
    this.collection = collection
    this.field = signal(vectorFieldNames(schema)[0] ?? '')
    this.sample = signal(Math.min(rows, 5000))
    this.colourField = signal(colourFields(schema)[0] ?? '')
    this.colouring = computed(() => {
      const column = this.points.value?.columns.get(this.colourField.value)
      return colouringOf(column, this.points.value?.ids.length ?? 0, schema[this.colourField.value]?.kind)
    })
    this.#numbers = computed(() => new Map(this.points.value?.ids.map((id, i) => [id, i])))
  }

  /** The number of a row's point; undefined when it is not drawn. */
  numberOf(id: string): number | undefined {
    return this.#numbers.value.get(id)
  }

  /** Loads a sample and lays it out, in place of what was there. */
  async load(row?: string): Promise<void> {
    this.dispose()
    this.#stop = new AbortController()
    const { signal: stop } = this.#stop
    batch(() => {
      this.error.value = undefined
      this.stage.value = { name: 'loading', rows: 0 }
    })
    try {
      const wanted = { field: this.field.value, sample: this.sample.value, row }
      const onLoaded = (rows: number): void => {
        this.stage.value = { name: 'loading', rows }
      }
      const points = await loadPoints(this.collection, wanted, onLoaded, stop)
      batch(() => {
        this.positions.value = undefined
        this.points.value = points
      })
      this.arrange()
      if (row !== undefined) await this.pick(row)
    } catch (error) {
      if (!stop.aborted) this.error.value = asOmenError(error)
    }
  }

  /** Lays the loaded points out again. */
  arrange(): void {
    const points = this.points.value
    if (!points) return
    this.#worker?.terminate()
    this.stage.value = { name: 'laying out', done: 0 }
    const declared = this.collection.schema[this.field.value]
    const task: LayoutTask = {
      vectors: points.vectors.slice(),
      dimension: points.dimension,
      layout: this.layout.value,
      normalize: declared?.kind === 'vector' && declared.metric === 'cosine',
    }
    const worker = new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' })
    this.#worker = worker
    worker.addEventListener('message', ({ data }: MessageEvent<LayoutReport>) => {
      batch(() => {
        this.positions.value = data.positions
        this.stage.value = data.done === 1 ? { name: 'ready' } : { name: 'laying out', done: data.done }
      })
    })
    worker.addEventListener('error', ({ message }) => {
      this.error.value = asOmenError(new Error(`The layout failed: ${message}`))
    })
    worker.postMessage(task, [task.vectors.buffer])
  }

  /** Shows a row and its neighbours. */
  async pick(id: string): Promise<void> {
    const { collection, field } = this
    try {
      const row = await this.rowOf(id)
      this.picked.value = row
      this.neighbours.value = []
      if (!row) return
      const [withVector] = await getRows(collection.name, [id], [field.value])
      const vector = withVector?.[field.value]
      if (!(vector instanceof Float32Array)) return
      const query = { field: field.value, by: { vector }, limit: NEIGHBOURS + 1 }
      const { hits } = await search(collection.name, query, this.#stop.signal)
      if (this.picked.value === row)
        this.neighbours.value = hits.filter((hit) => hit.id !== id).slice(0, NEIGHBOURS)
    } catch (error) {
      if (!this.#stop.signal.aborted) this.error.value = asOmenError(error)
    }
  }

  unpick(): void {
    batch(() => {
      this.picked.value = undefined
      this.neighbours.value = []
    })
  }

  /** A row with all its fields but vectors; asked for once. */
  rowOf(id: string): Promise<Row | undefined> {
    const known = this.#rows.get(id)
    if (known) return known
    const loading = getRows(this.collection.name, [id]).then(([row]) => row)
    loading.catch(() => this.#rows.delete(id))
    if (this.#rows.size >= REMEMBERED_ROWS) this.#rows.clear()
    this.#rows.set(id, loading)
    return loading
  }

  /** Stops all that is under way. */
  dispose(): void {
    this.#stop.abort()
    this.#worker?.terminate()
  }
}

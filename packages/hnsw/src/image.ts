import {
  type Accelerator,
  type Codec,
  corruptImage,
  f16,
  findQuantizer,
  type IndexContents,
  type IndexImage,
  METRICS,
  type Metric,
  NO_ROW,
  none,
  type Quantizer,
  type Section,
  type Shape,
  type Slab,
  storedSection,
} from '@omen/core'
import { CHAINED_ROWS, HEAD_WORDS, ROWS, SLABS, UPPER_BLOCKS } from './graph.ts'
import { slabsInPlace } from './in-place.ts'
import {
  checkOptions,
  checkRescoreBy,
  chooseAccelerator,
  type HnswOpenOptions,
  type Settings,
  switchedOff,
} from './options.ts'
import { type GivenParts, makeParts, type Parts, storedCodes } from './parts.ts'
import { readTuned, type TunedSetting, type TunedSettings } from './tuned.ts'

const KIND = 'hnsw/1'

/** The facts and bytes to save: borrowed from the index, which must not change meanwhile. */
export function contentsOf(
  settings: Settings,
  parts: Parts | undefined,
  tuned: readonly TunedSetting[],
): IndexContents {
  const { shape, m, beam, alpha, quantizer, keep } = settings
  const metadata = {
    kind: KIND,
    dimension: shape.dimension,
    metric: shape.metric,
    m,
    beam,
    alpha,
    quantizer: quantizer.name,
    keep: keep?.name ?? null,
    trained: parts !== undefined,
    rows: parts?.graph.rows ?? 0,
    // An index that was not tuned is saved as before there was tuning.
    ...(tuned.length > 0 ? { tuned: tuned.map((each) => ({ ...each })) } : {}),
  }
  return { metadata, sections: parts ? sectionsOf(parts) : [] }
}

function sectionsOf(parts: Parts): Section[] {
  const { graph } = parts
  const [codes, exact] = storedCodes(parts)
  const blocks = graph.head[UPPER_BLOCKS] as number
  return [
    bytesSection('head', graph.head),
    bytesSection('parameters', codes.codec.parameters),
    slabSection('codes', codes.slab, graph.rows),
    ...(exact
      ? [
          bytesSection('exactParameters', exact.codec.parameters),
          slabSection('exact', exact.slab, graph.rows),
        ]
      : []),
    // Without twins an index is saved as before there were chains of them.
    ...SLABS.filter((name) => name !== 'twins' || graph.chained > 0).map((name) =>
      slabSection(name, graph[name], name === 'upper' ? blocks : graph.rows),
    ),
  ]
}

function slabSection(name: string, slab: Slab, rows: number): Section {
  return { name, sizeBytes: slab.bytesFor(rows), parts: () => slab.parts(rows) }
}

function bytesSection(name: string, array: Float32Array | Uint32Array): Section {
  return { name, sizeBytes: array.byteLength, parts: () => [bytesOf(array)] }
}

/**
 * Reads back what `contentsOf` described, and checks that every number in it leads somewhere.
 *
 * @throws OmenError `corrupt_index`, `unknown_quantizer`, `invalid_argument` naming the option, `io`
 */
export async function readImage(
  image: IndexImage,
  { quantizers = [], readOnly = false, rescoreBy, techniques = {}, ...options }: HnswOpenOptions,
): Promise<{ settings: Settings; parts: Parts | undefined; tuned: TunedSettings }> {
  const accelerator = chooseAccelerator(options.accelerator)
  const facts = readFacts(image, [none(), f16(), ...quantizers], accelerator)
  const { trained, rows, tuned } = facts
  const settings = {
    ...facts.settings,
    rescoreBy: checkRescoreBy(rescoreBy, facts.settings.shape),
    without: switchedOff(techniques),
  }
  if (rescoreBy && rescoreBy.slab.capacity < rows) {
    throw corruptImage(image, `it has ${rows} rows, more than the codes to rescore by`)
  }
  if (!trained) return { settings, parts: undefined, tuned }
  const { quantizer, keep, shape } = settings
  const codec = await readCodec(image, 'parameters', quantizer, shape)
  const exactCodec = keep && (await readCodec(image, 'exactParameters', keep, shape))
  const head = await readHead(image, rows)
  const given = readOnly ? await slabsInPlace(image, rows, head, settings.m, codec, exactCodec) : {}
  const parts = makeParts(settings, codec, exactCodec, given)
  if (!given.codes) await readSlab(image, 'codes', parts.codes.slab, rows)
  const [, exact] = storedCodes(parts)
  if (exact && !given.exact) await readSlab(image, 'exact', exact.slab, rows)
  await readGraph(image, parts, head, given)
  return { settings, parts, tuned }
}

interface Facts {
  readonly settings: Settings
  readonly trained: boolean
  readonly rows: number
  readonly tuned: TunedSettings
}

function readFacts(
  image: IndexImage,
  quantizers: readonly Quantizer[],
  accelerator: Accelerator | undefined,
): Facts {
  const { kind, dimension, metric, m, beam, quantizer, keep, trained, rows } = image.metadata
  // Files of before there was a choice were linked with 1.
  const { alpha = 1 } = image.metadata
  if (kind !== KIND)
    throw corruptImage(image, `it holds an index of kind ${JSON.stringify(kind)}, not ${KIND}`)
  if (typeof quantizer !== 'string' || (typeof keep !== 'string' && keep !== null)) {
    throw corruptImage(image, 'its metadata names no quantizer')
  }
  if (typeof rows !== 'number' || !Number.isInteger(rows) || rows < 0 || rows > NO_ROW) {
    throw corruptImage(image, `its metadata gives ${JSON.stringify(rows)} rows`)
  }
  if (
    typeof dimension !== 'number' ||
    typeof m !== 'number' ||
    typeof beam !== 'number' ||
    typeof alpha !== 'number'
  ) {
    throw corruptImage(image, 'its metadata gives no dimension, m, beam or alpha')
  }
  const known = METRICS.find((name): name is Metric => name === metric)
  if (known === undefined || typeof trained !== 'boolean')
    throw corruptImage(image, 'its metadata is incomplete')
  const tuned = readTuned(image.metadata.tuned)
  if (!tuned) throw corruptImage(image, 'its metadata gives impossible tuned settings')
  const walked = findQuantizer(quantizer, quantizers)
  const kept = keep === null ? 'codes' : findQuantizer(keep, quantizers)
  try {
    const settings = checkOptions({
      dimension,
      metric: known,
      m,
      beam,
      alpha,
      quantizer: walked,
      keep: kept,
      accelerator: null,
    })
    return { settings: { ...settings, accelerator }, trained, rows, tuned }
  } catch (error) {
    throw corruptImage(image, 'its metadata gives impossible options', error)
  }
}

async function readCodec(
  image: IndexImage,
  name: string,
  quantizer: Quantizer,
  shape: Shape,
): Promise<Codec> {
  const section = storedSection(image, name)
  if (section.sizeBytes % 4 !== 0) {
    throw corruptImage(image, `section ${name} has ${section.sizeBytes} bytes, no whole number of f32`)
  }
  const parameters = new Float32Array(section.sizeBytes / 4)
  await section.readInto([bytesOf(parameters)])
  return quantizer.open(parameters, shape)
}

async function readSlab(image: IndexImage, name: string, slab: Slab, rows: number): Promise<void> {
  // The size is checked before memory is taken for it.
  const section = storedSection(image, name, slab.bytesFor(rows))
  slab.ensure(rows)
  await section.readInto(slab.parts(rows))
}

async function readHead(image: IndexImage, rows: number): Promise<Uint32Array> {
  const head = new Uint32Array(HEAD_WORDS)
  await storedSection(image, 'head', head.byteLength).readInto([bytesOf(head)])
  if (head[ROWS] !== rows)
    throw corruptImage(image, `its head counts ${head[ROWS]} rows, its metadata ${rows}`)
  return head
}

async function readGraph(
  image: IndexImage,
  { graph, engine }: Parts,
  head: Uint32Array,
  given: GivenParts,
): Promise<void> {
  const rows = head[ROWS] as number
  for (const name of SLABS.filter((each) => !given[each])) {
    if (name === 'twins' && head[CHAINED_ROWS] === 0) {
      graph.twins.ensure(rows)
      graph.twins.clear(0, rows)
      continue
    }
    await readSlab(image, name, graph[name], name === 'upper' ? (head[UPPER_BLOCKS] as number) : rows)
  }
  graph.head.set(head)
  const wrong = await engine.check()
  if (wrong !== undefined) throw corruptImage(image, wrong)
  graph.findFreeRows()
}

function bytesOf(array: Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

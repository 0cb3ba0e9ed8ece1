import { distance } from '../distance.ts'
import type { OmenErrorCode } from '../errors.ts'
import { allocateVectors, type Metric, prepareVectors, type Shape, type Vectors } from '../metric.ts'
import type { Codec, Quantizer } from '../quantizer.ts'
import { CHUNK_ROWS, Slab } from '../slab.ts'
import { type Check, type Exceptions, ensure, ensureEqual, ensureFails, register } from './check.ts'
import { bruteForce, clusters, type DataSet, distanceScale, integers, vectorAt } from './data.ts'

/** A `Quantizer` to be tested, with what its documentation promises. */
export interface QuantizerSubject {
  readonly quantizer: Quantizer
  /** Metrics it has codes for; `train` must refuse the others with `unsupported`. */
  readonly metrics: readonly Metric[]
  /** Bytes that one row's code takes. */
  bytesPerRow(shape: Shape): number
  /** The most by which a component of the sample may come back wrong. */
  componentError(x: number, codec: Codec): number
  /**
   * The least share of the true ten nearest among the ten nearest by codes, over clusters of 24 dimensions (128 bits);
   * 1 when left out.
   */
  readonly recall?: number
  /**
   * How far a distance may be off, as a share of the largest squared length among all vectors; left out, for exact codes,
   * 1e-5 of the squared lengths of the two.
   */
  readonly distanceError?: number
  /**
   * How far the distances of a row's code may be from those of the vector it stands for, as a share of the squared lengths of the
   * two compared; 1e-5 when left out.
   */
  rowError?(metric: Metric): number
  /** Whether whole numbers from 0 to 255 come back as they were. */
  readonly integersExact?: boolean
}

/** Everything that a `Quantizer` and its `Codec` and `Scorer` must do. */
export const quantizerChecks: readonly Check<QuantizerSubject>[] = [
  {
    name: 'has a name with a version',
    async run({ quantizer }) {
      ensure(/^[a-z][a-z0-9-]*\/[1-9][0-9]*$/.test(quantizer.name), `the name is ${quantizer.name}`)
    },
  },
  {
    name: 'refuses metrics it has no codes for',
    async run({ quantizer, metrics }) {
      for (const metric of ['l2', 'dot', 'cosine', 'hamming'] as const) {
        if (metrics.includes(metric)) continue
        const { vectors, shape } = prepared(clusters(metric, 10, 24, 1))
        await ensureFails(() => quantizer.train(vectors, shape), 'unsupported', `training for ${metric}`)
        const open = (): Codec => quantizer.open(new Float32Array(0), shape)
        const either: OmenErrorCode[] = ['unsupported', 'corrupt_index']
        await ensureFails(open, either, `opening for ${metric}`)
      }
    },
  },
  {
    name: 'makes codes of the size it says, zero where there is padding',
    async run(subject) {
      for (const metric of subject.metrics) {
        for (const dimension of DIMENSIONS) {
          const data = prepared(clusters(metric, 20, metric === 'hamming' ? dimension * 8 : dimension, 2))
          const codec = subject.quantizer.train(data.vectors, data.shape)
          ensureEqual(
            codec.bytesPerRow,
            subject.bytesPerRow(data.shape),
            `bytes of a row, ${metric} of ${dimension}`,
          )
          ensureEqual(codec.quantizer, subject.quantizer.name, 'the name of the quantizer in the codec')
          ensureEqual(codec.shape, data.shape, 'the shape of the codec')
          const [clean, dirty] = [0, 255].map((fill) => {
            const bytes = new Uint8Array(codec.bytesPerRow + 32).fill(fill)
            codec.encode(vectorAt(data.vectors, data.shape, 3), bytes.subarray(16, 16 + codec.bytesPerRow))
            ensure(
              bytes.every((b, i) => b === fill || (i >= 16 && i < 16 + codec.bytesPerRow)),
              'encode wrote beside the code',
            )
            return bytes.slice(16, -16)
          })
          ensureEqual(clean, dirty, 'a code, whatever was there before')
        }
      }
    },
  },
  {
    name: 'gives components back within the error it promises',
    async run(subject) {
      for (const data of dataFor(subject)) {
        const codec = subject.quantizer.train(data.vectors, data.shape)
        for (let i = 0; i < data.count; i++) {
          const vector = vectorAt(data.vectors, data.shape, i)
          const back = decoded(codec, vector)
          for (const [j, x] of vector.entries()) {
            const error = Math.abs((back[j] as number) - x)
            const allowed = subject.componentError(x, codec)
            ensure(
              error <= allowed,
              `${data.name}, ${data.shape.metric}: ${x} comes back off by ${error}, promised ${allowed}`,
            )
          }
        }
      }
    },
  },
  {
    name: 'gives integers back exactly, where it promises so',
    async run(subject) {
      if (!subject.integersExact) return
      for (const metric of subject.metrics.filter((each) => each === 'l2' || each === 'dot')) {
        const data = integers(metric, 200, 32, 3)
        const codec = subject.quantizer.train(data.vectors, data.shape)
        for (const vectors of [data.vectors, data.queries]) {
          for (let i = 0; i < 40; i++) {
            const vector = vectorAt(vectors, data.shape, i)
            ensureEqual(decoded(codec, vector), vector, `integers by ${metric}`)
          }
        }
      }
    },
  },
  {
    name: 'makes the same codec again from its parameters',
    async run(subject) {
      for (const data of dataFor(subject)) {
        const codec = subject.quantizer.train(data.vectors, data.shape)
        const again = subject.quantizer.open(codec.parameters.slice(), data.shape)
        ensureEqual(again.parameters, codec.parameters, 'parameters')
        ensureEqual(again.bytesPerRow, codec.bytesPerRow, 'bytes of a row')
        ensureEqual(again.native, codec.native, 'native description')
        for (let i = 0; i < data.queryCount; i++) {
          const query = vectorAt(data.queries, data.shape, i)
          ensureEqual(encoded(again, query), encoded(codec, query), `code ${i}`)
          ensureEqual(distances(again, data, query), distances(codec, data, query), `distances of query ${i}`)
        }
      }
    },
  },
  {
    name: 'refuses parameters that no training gives',
    async run(subject) {
      for (const metric of subject.metrics) {
        const { vectors, shape } = prepared(clusters(metric, 20, 24, 4))
        const { parameters } = subject.quantizer.train(vectors, shape)
        const longer = Float32Array.of(...parameters, 1)
        await ensureFails(() => subject.quantizer.open(longer, shape), 'corrupt_index', 'one parameter more')
        if (parameters.length === 0) continue
        const fewer = parameters.subarray(1)
        await ensureFails(() => subject.quantizer.open(fewer, shape), 'corrupt_index', 'one parameter fewer')
        const broken = parameters.slice().fill(Number.NaN)
        await ensureFails(() => subject.quantizer.open(broken, shape), 'corrupt_index', 'NaN for parameters')
      }
    },
  },
  {
    name: 'scores near the true distances',
    async run(subject) {
      for (const data of dataFor(subject)) {
        const codec = subject.quantizer.train(data.vectors, data.shape)
        const most = longest(data)
        for (let i = 0; i < data.queryCount; i++) {
          const query = vectorAt(data.queries, data.shape, i)
          for (const [row, got] of distances(codec, data, query).entries()) {
            const vector = vectorAt(data.vectors, data.shape, row)
            const exact = distance(query, vector, data.shape.metric)
            const allowed =
              subject.distanceError === undefined
                ? 1e-5 * distanceScale(query, vector, data.shape.metric)
                : subject.distanceError * most
            const off = Math.abs(got - exact)
            ensure(
              off <= allowed,
              `${data.name}, ${data.shape.metric}: ${exact} is scored ${got}, off by ${off / allowed} times`,
            )
          }
        }
      }
    },
  },
  {
    name: 'ranks the true nearest among the nearest',
    async run(subject) {
      for (const data of dataFor(subject)) {
        const codec = subject.quantizer.train(data.vectors, data.shape)
        const recall = recallOf(codec, data)
        const expected = subject.recall ?? 1
        ensure(
          recall >= expected,
          `${data.name}, ${data.shape.metric}: recall is ${recall}, promised ${expected}`,
        )
      }
    },
  },
  {
    name: 'scores a row bound as the vector that its code stands for',
    async run(subject) {
      for (const data of dataFor(subject)) {
        const codec = subject.quantizer.train(data.vectors, data.shape)
        const allowed = subject.rowError?.(data.shape.metric) ?? 1e-5
        const slab = slabOf(codec, data)
        const scorer = codec.scorer(slab)
        const rows = Uint32Array.from({ length: data.count }, (_, row) => row)
        const [byRow, byVector] = [new Float32Array(data.count), new Float32Array(data.count)]
        for (let row = 0; row < data.count; row += 17) {
          scorer.bindRow(row)
          scorer.score(rows, data.count, byRow)
          const vector = decodedCode(codec, slab.row(row))
          scorer.bind(vector)
          scorer.score(rows, data.count, byVector)
          for (const other of rows) {
            const scale = distanceScale(vector, vectorAt(data.vectors, data.shape, other), data.shape.metric)
            const off = Math.abs((byRow[other] as number) - (byVector[other] as number))
            ensure(
              off <= allowed * Math.max(scale, 1e-30),
              `row ${row} against ${other}: off by ${off} of ${scale}`,
            )
          }
        }
      }
    },
  },
  {
    name: 'scores any rows in any order, only as many as asked for, in a slab that grows',
    async run(subject) {
      for (const metric of subject.metrics) {
        const data = prepared(clusters(metric, 50, 24, 5))
        const codec = subject.quantizer.train(data.vectors, data.shape)
        const slab = new Slab(codec.bytesPerRow)
        const scorer = codec.scorer(slab)
        slab.ensure(1)
        codec.encode(vectorAt(data.vectors, data.shape, 0), slab.row(0))
        scorer.bind(vectorAt(data.queries, data.shape, 0))
        const one = new Float32Array(1)
        scorer.score(Uint32Array.of(0), 1, one)
        // Rows of the second chunk: the scorer, its query bound already, must follow.
        slab.ensure(CHUNK_ROWS + 50)
        for (let i = 0; i < 50; i++)
          codec.encode(vectorAt(data.vectors, data.shape, i), slab.row(CHUNK_ROWS + i))
        const rows = Uint32Array.of(CHUNK_ROWS + 7, 0, CHUNK_ROWS, CHUNK_ROWS + 49, CHUNK_ROWS + 7)
        const got = new Float32Array(5).fill(-7)
        scorer.score(rows, 4, got)
        const all = distances(codec, data, vectorAt(data.queries, data.shape, 0))
        ensureEqual(got, [all[7], one[0], all[0], all[49], -7], `distances by ${metric}`)
        ensureEqual(all[0], one[0], 'the distance of one vector in two rows')
      }
    },
  },
  {
    name: 'reads a part of the same rows by its coarse codec, where it has one',
    async run(subject) {
      for (const data of dataFor(subject)) {
        const codec = subject.quantizer.train(data.vectors, data.shape)
        const { coarse } = codec
        if (!coarse) continue
        ensureEqual(coarse.bytesPerRow, codec.bytesPerRow, 'bytes of a row')
        ensureEqual(coarse.parameters, codec.parameters, 'parameters')
        ensure(coarse.coarse === undefined, 'a coarse codec has no coarser one')
        for (let i = 0; i < data.queryCount; i++) {
          const query = vectorAt(data.queries, data.shape, i)
          ensureEqual(encoded(coarse, query), encoded(codec, query), `code ${i}`)
          const scorer = coarse.scorer(slabOf(codec, data))
          const rows = Uint32Array.from({ length: data.count }, (_, row) => row)
          const found = new Float32Array(data.count)
          scorer.bind(query)
          scorer.score(rows, data.count, found)
          ensureEqual(found, distances(coarse, data, query), `distances of query ${i}`)
        }
      }
    },
  },
  {
    name: 'leaves vectors as they are',
    async run(subject) {
      for (const data of dataFor(subject)) {
        const [vectors, queries] = [data.vectors.slice(), data.queries.slice()]
        const codec = subject.quantizer.train(vectors, data.shape)
        encoded(codec, vectorAt(vectors, data.shape, 0))
        distances(codec, { ...data, vectors }, vectorAt(queries, data.shape, 0))
        ensureEqual(vectors, data.vectors, 'vectors')
        ensureEqual(queries, data.queries, 'queries')
      }
    },
  },
  {
    name: 'trains on a single vector, and on vectors all alike',
    async run(subject) {
      for (const metric of subject.metrics) {
        const data = prepared(clusters(metric, 4, 24, 6))
        const one = vectorAt(data.vectors, data.shape, 0)
        const alike = allocateVectors(data.shape, 3)
        for (let i = 0; i < 3; i++) alike.set(one, i * one.length)
        const equal = one.slice().fill(metric === 'hamming' ? 170 : 1 / Math.sqrt(one.length))
        for (const sample of [one, alike, equal]) {
          const codec = subject.quantizer.train(sample, data.shape)
          const back = decoded(codec, vectorAt(sample, data.shape, 0))
          for (const [i, x] of vectorAt(sample, data.shape, 0).entries()) {
            const error = Math.abs((back[i] as number) - x)
            ensure(error <= subject.componentError(x, codec), `${x} comes back as ${back[i]}`)
          }
        }
      }
    },
  },
]

/**
 * Makes vitest tests out of everything that a `Quantizer` must do.
 *
 * @param exceptions checks to skip, by name, each with its reason
 */
export function testQuantizer(
  name: string,
  subject: QuantizerSubject,
  { exceptions }: { readonly exceptions?: Exceptions } = {},
): void {
  register(`quantizer ${name}`, quantizerChecks, subject, exceptions)
}

const DIMENSIONS = [1, 2, 3, 7, 16, 25, 64, 100, 127, 128, 130, 1000]

function dataFor(subject: QuantizerSubject): DataSet[] {
  return subject.metrics.map((metric, i) =>
    prepared(clusters(metric, 300, metric === 'hamming' ? 128 : 24, 10 + i)),
  )
}

/** The data set with its vectors and queries prepared, as an index gives them to codecs. */
function prepared(data: DataSet): DataSet {
  const [vectors, queries] = [data.vectors.slice(), data.queries.slice()]
  prepareVectors(vectors, data.shape, vectors)
  prepareVectors(queries, data.shape, queries)
  return { ...data, vectors, queries }
}

function encoded(codec: Codec, vector: Vectors): Uint8Array {
  const code = new Uint8Array(codec.bytesPerRow)
  codec.encode(vector, code)
  return code
}

function decodedCode(codec: Codec, code: Uint8Array): Vectors {
  const vector = allocateVectors(codec.shape, 1)
  codec.decode(code, vector)
  return vector
}

function decoded(codec: Codec, vector: Vectors): Vectors {
  return decodedCode(codec, encoded(codec, vector))
}

function slabOf(codec: Codec, data: Pick<DataSet, 'shape' | 'vectors' | 'count'>): Slab {
  const slab = new Slab(codec.bytesPerRow)
  slab.ensure(data.count)
  for (let i = 0; i < data.count; i++) codec.encode(vectorAt(data.vectors, data.shape, i), slab.row(i))
  return slab
}

function distances(codec: Codec, data: DataSet, query: Vectors): Float32Array {
  const scorer = codec.scorer(slabOf(codec, data))
  const result = new Float32Array(data.count)
  scorer.bind(query)
  scorer.score(
    Uint32Array.from({ length: data.count }, (_, row) => row),
    data.count,
    result,
  )
  return result
}

/** The squared length of the longest vector, rows and queries. */
function longest({ shape, vectors, count, queries, queryCount }: DataSet): number {
  let most = 0
  for (const [block, length] of [
    [vectors, count],
    [queries, queryCount],
  ] as const) {
    for (let i = 0; i < length; i++) {
      const vector = vectorAt(block, shape, i)
      most = Math.max(most, distanceScale(vector, vector, shape.metric))
    }
  }
  return most
}

function recallOf(codec: Codec, data: DataSet): number {
  let found = 0
  for (let i = 0; i < data.queryCount; i++) {
    const query = vectorAt(data.queries, data.shape, i)
    const truth = bruteForce(data, query)
    const limit = (truth[9]?.distance ?? Infinity) + 1e-6
    const scored = [...distances(codec, data, query).entries()].sort((a, b) => a[1] - b[1] || a[0] - b[0])
    for (const [row] of scored.slice(0, 10)) {
      if (distance(query, vectorAt(data.vectors, data.shape, row), data.shape.metric) <= limit) found++
    }
  }
  return found / (10 * data.queryCount)
}

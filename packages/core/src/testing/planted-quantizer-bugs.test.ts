import { describe, test } from 'vitest'
import { none } from '../none.ts'
import type { Codec, Quantizer, Scorer } from '../quantizer.ts'
import { type QuantizerSubject, quantizerChecks } from './index.ts'
import { expectCaught, plant } from './plant.ts'

describe('the suite of quantizers catches', () => {
  const subject: QuantizerSubject = {
    quantizer: none(),
    metrics: ['l2', 'cosine'],
    bytesPerRow: ({ dimension }) => Math.ceil(dimension / 4) * 16,
    componentError: () => 0,
    integersExact: true,
  }
  const onlyFloats: Quantizer = {
    ...none(),
    train: (sample, shape) => {
      if (shape.metric === 'l2' || shape.metric === 'cosine') return none().train(sample, shape)
      throw Object.assign(new Error('unsupported'))
    },
  }
  const badCodec = (spoil: (codec: Codec) => Partial<Codec>): Quantizer => {
    const spoilt = (codec: Codec): Codec => ({ ...codec, ...spoil(codec) })
    return {
      name: 'none/1',
      train: (sample, shape) => spoilt(none().train(sample, shape)),
      open: (parameters, shape) => spoilt(none().open(parameters, shape)),
    }
  }
  const badScorer = (spoil: (scorer: Scorer) => Partial<Scorer>): Quantizer =>
    badCodec((codec) => ({ scorer: (slab) => plant(codec.scorer(slab), spoil(codec.scorer(slab))) }))

  const BUGS: readonly (readonly [bug: string, check: string, quantizer: Quantizer])[] = [
    ['a name without version', 'has a name with a version', { ...none(), name: 'none' }],
    ['an error without code for an unknown metric', 'refuses metrics it has no codes for', onlyFloats],
    [
      'padding left as it was',
      'makes codes of the size it says, zero where there is padding',
      badCodec(() => ({
        encode: (vector, code) =>
          code.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)),
      })),
    ],
    [
      'a code written one byte too far',
      'makes codes of the size it says, zero where there is padding',
      badCodec((codec) => ({
        encode(vector, code) {
          codec.encode(vector, code)
          new Uint8Array(code.buffer, code.byteOffset, code.length + 1)[code.length] = 1
        },
      })),
    ],
    [
      'a component lost in decoding',
      'gives components back within the error it promises',
      badCodec((codec) => ({
        decode(code, vector) {
          codec.decode(code, vector)
          vector[vector.length - 1] = 0
        },
      })),
    ],
    [
      'integers that come back rounded up',
      'gives integers back exactly, where it promises so',
      badCodec((codec) => ({
        decode(code, vector) {
          codec.decode(code, vector)
          for (const [i, x] of vector.entries()) vector[i] = x > 100 ? x + 1 : x
        },
      })),
    ],
    [
      'other codes after opening',
      'makes the same codec again from its parameters',
      {
        ...none(),
        open: (parameters, shape) => {
          const codec = none().open(parameters, shape)
          return {
            ...codec,
            encode: (vector, code) =>
              codec.encode(
                vector.map((x) => -x),
                code,
              ),
          }
        },
      },
    ],
    [
      'any parameters taken',
      'refuses parameters that no training gives',
      { ...none(), open: (_, shape) => none().train(new Float32Array(1), shape) },
    ],
    [
      'distances a percent off',
      'scores near the true distances',
      badScorer((scorer) => ({
        bind: (query) => scorer.bind(query),
        score(rows, count, distances) {
          scorer.score(rows, count, distances)
          for (let i = 0; i < count; i++) distances[i] = (distances[i] as number) * 1.01
        },
      })),
    ],
    [
      'distances that ignore half of the components',
      'ranks the true nearest among the nearest',
      badScorer((scorer) => ({
        bind: (query) => scorer.bind(query.map((x, i) => (i % 2 === 0 ? x : 0)) as Float32Array),
        score: (rows, count, distances) => scorer.score(rows, count, distances),
      })),
    ],
    [
      'a bound row off by one',
      'scores a row bound as the vector that its code stands for',
      badScorer((scorer) => ({
        bind: (query) => scorer.bind(query),
        bindRow: (row) => scorer.bindRow(row + 1),
        score: (rows, count, distances) => scorer.score(rows, count, distances),
      })),
    ],
    [
      'more distances than asked for',
      'scores any rows in any order, only as many as asked for, in a slab that grows',
      badScorer((scorer) => ({
        bind: (query) => scorer.bind(query),
        score: (rows, _, distances) => scorer.score(rows, rows.length, distances),
      })),
    ],
    [
      'a coarse codec with rows of its own',
      'reads a part of the same rows by its coarse codec, where it has one',
      badCodec((codec) => ({ coarse: { ...codec, bytesPerRow: codec.bytesPerRow + 16 } })),
    ],
    [
      'a coarse codec that writes no more than it reads',
      'reads a part of the same rows by its coarse codec, where it has one',
      badCodec((codec) => ({
        coarse: {
          ...codec,
          encode(vector, code) {
            codec.encode(vector, code)
            code.fill(0, code.length / 2)
          },
        },
      })),
    ],
    [
      'a sample changed while training',
      'leaves vectors as they are',
      {
        ...none(),
        train: (sample, shape) => {
          sample[0] = 0.123
          return none().train(sample, shape)
        },
      },
    ],
    [
      'division by a range of zero',
      'trains on a single vector, and on vectors all alike',
      badCodec((codec) => ({
        decode(code, vector) {
          codec.decode(code, vector)
          if (vector.every((x) => x === vector[0])) vector.fill(Number.NaN)
        },
      })),
    ],
  ]

  test.each(BUGS)('%s', async (_, name, quantizer) => {
    // The good one has codes for all metrics, and so nothing to refuse.
    const good = name.startsWith('refuses metrics')
      ? { ...subject, metrics: ['l2', 'dot', 'cosine', 'hamming'] as const }
      : subject
    await expectCaught(quantizerChecks, name, good, { ...subject, quantizer })
  })
})

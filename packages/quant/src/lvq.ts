import { dotF32, OmenError, type Quantizer } from '@omen/core'
import { checkFloatShape } from './float-shape.ts'
import { LvqCodec, type LvqForm } from './lvq-codec.ts'
import { meanOf } from './mean.ts'

/**
 * Stores the difference of a vector from the sample's mean in 4 bits a component, with a scale and lower bound for each
 * row, for l2, dot and cosine.
 *
 * A row takes 12 bytes for three factors and half a byte a component, rounded up to a multiple of 4, or of 64 where that
 * costs at most three tenths: 64 bytes for 100 components. A component comes back within about a thirtieth of the range
 * that the row's differences have. Queries are rounded to signed bytes with a scale of their own. It finds more than
 * `sq4` by codes alone, for the bytes of the factors; rescore what it finds: 30 candidates for ten results.
 *
 * Aguerrebere et al., "Similarity search in the blink of an eye with compressed indices" (2023), section 3; fitted by least
 * squares and stretched so that inner products are estimated without bias.
 *
 * @throws OmenError `unsupported` under `hamming`
 */
export function lvq4(): Quantizer {
  return quantizerOf({ quantizer: 'lvq4/1', bits: 4, residual: false, coarse: false })
}

/**
 * Stores the difference of a vector from the sample's mean in 8 bits a component, with a scale and lower bound for each
 * row, for l2, dot and cosine.
 *
 * A row takes 12 bytes for three factors and a byte a component, rounded up to a multiple of 4, or of 64 where that costs
 * at most three tenths. A component comes back within about a five-hundredth of the range that the row's differences
 * have. Queries are rounded to signed bytes with a scale of their own. It needs no sample with the range of the data, as `sq8` does, and finds
 * more where lengths differ; comparing takes longer.
 *
 * Aguerrebere et al. (2023), section 3.
 *
 * @throws OmenError `unsupported` under `hamming`
 */
export function lvq8(): Quantizer {
  return quantizerOf({ quantizer: 'lvq8/1', bits: 8, residual: false, coarse: false })
}

/**
 * Stores the difference of a vector from the sample's mean as `lvq4` does, and what that leaves in 8 more bits a
 * component, for l2, dot and cosine. Its codec's `coarse` reads no more than the first 4 bits of the same rows: a graph is
 * walked by these, and what was found is scored in full.
 *
 * A row takes 16 bytes for four factors and a byte and a half a component, rounded up to a multiple of 4, or of 64 where
 * that costs at most three tenths. A component comes back within about a four-thousandth of the range that the row's
 * differences have. Queries are rounded to two signed bytes.
 *
 * Aguerrebere et al. (2023), section 3.2: two-level quantization.
 *
 * @throws OmenError `unsupported` under `hamming`
 */
export function lvq4x8(): Quantizer {
  return quantizerOf({ quantizer: 'lvq4x8/1', bits: 4, residual: true, coarse: false })
}

function quantizerOf(form: LvqForm): Quantizer {
  const name = form.quantizer
  return {
    name,
    train: (sample, shape) => {
      checkFloatShape(name, shape)
      return new LvqCodec(form, meanOf(sample, shape.dimension), shape)
    },
    open: (parameters, shape) => {
      checkFloatShape(name, shape)
      const { dimension } = shape
      if (parameters.length !== dimension || !(dotF32(parameters, 0, parameters, 0, dimension) < Infinity)) {
        throw new OmenError(
          'corrupt_index',
          `${name} takes the ${dimension} components of a mean, got ${parameters.length} numbers`,
        )
      }
      return new LvqCodec(form, parameters.slice(), shape)
    },
  }
}

import { none, roundUp } from './none.ts'
import { testQuantizer } from './testing/index.ts'

testQuantizer('none', {
  quantizer: none(),
  metrics: ['l2', 'dot', 'cosine', 'hamming'],
  bytesPerRow: ({ metric, dimension }) =>
    metric === 'hamming' ? roundUp(dimension / 8, 4) : roundUp(dimension * 4, 16),
  componentError: () => 0,
  integersExact: true,
})

import { type VectorField, vector } from '../index.ts'

export const SCHEMA: { readonly at: VectorField<false> } = {
  at: vector(2, { metric: 'l2', quantizer: 'none' }),
}

export const row = (i: number): { readonly id: string; readonly at: number[] } => ({
  id: `r${i}`,
  at: [i, 0],
})

import { none } from '@omen/core'
import { pq } from '@omen/quant'
import { vector } from '@omen/schema'
import { checkSchema, schemaToJson } from '@omen/schema/check'
import { expect, test } from 'vitest'
import { quantizerOf, storedSchema } from './quantizers.ts'

test('a stored schema finds a quantizer of the user again, when it is given', () => {
  const mine = { ...pq(), name: 'mine/3' }
  const json = schemaToJson(checkSchema({ v: vector(4, { quantizer: mine, keep: mine }) }))
  expect(() => storedSchema(json, [])).toThrow(expect.objectContaining({ code: 'unknown_quantizer' }))
  expect(storedSchema(json, [mine]).vectors.get('v')).toMatchObject({ quantizer: mine, keep: mine })
})

test('a stored schema that is damaged is refused as such', () => {
  expect(() => storedSchema({ a: { kind: 'x' } }, [])).toThrow(
    expect.objectContaining({ code: 'corrupt_database', message: expect.stringMatching(/damaged: field a/) }),
  )
})

test('a name stands for the quantizer of @omen/quant, and a quantizer for itself', () => {
  expect(quantizerOf({ name: 'sq8/1' }).train).toBeTypeOf('function')
  const own = none()
  expect(quantizerOf(own)).toBe(own)
})

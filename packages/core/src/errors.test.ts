import { expect, test } from 'vitest'
import { OmenError, throwIfAborted, unreachable } from './errors.ts'
import { none } from './none.ts'
import { findQuantizer } from './registry.ts'

test('an OmenError is an Error with a code and a cause', () => {
  const cause = new Error('deep')
  const error = new OmenError('io', 'could not', { cause })
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({ name: 'OmenError', code: 'io', message: 'could not', cause })
})

test('throwIfAborted passes the reason on', () => {
  throwIfAborted(undefined)
  throwIfAborted(new AbortController().signal)
  const abort = (): void => throwIfAborted(AbortSignal.abort('enough'))
  expect(abort).toThrow(expect.objectContaining({ code: 'aborted', cause: 'enough' }))
})

test('unreachable says what came', () => {
  expect(() => unreachable('surprise' as never)).toThrow('surprise')
})

test('findQuantizer finds by name and version, and says where one that is missing lives', () => {
  const quantizer = none()
  expect(findQuantizer('none/1', [quantizer])).toBe(quantizer)
  expect(() => findQuantizer('none/2', [quantizer])).toThrow('@omen/core')
  expect(() => findQuantizer('sq8/1', [])).toThrow('none at all')
  expect(() => findQuantizer('toString', [])).toThrow(expect.objectContaining({ code: 'unknown_quantizer' }))
})

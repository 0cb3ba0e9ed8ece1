import { expect, test } from 'vitest'
import { errorOf } from './error-body.ts'
import { codeOfStatus, STATUS_OF } from './status.ts'

test('the error that a body tells has its code and words', () => {
  const body = { error: { code: 'conflict', message: 'somebody wrote in between', requestId: 'r1' } }
  expect(errorOf(body)).toMatchObject({
    ...{ name: 'OmenError', code: 'conflict', message: 'somebody wrote in between' },
    cause: { requestId: 'r1' },
  })
})

test('a code that is not known here is no other by accident', () => {
  expect(errorOf({ error: { code: 'constructor', message: 'm', requestId: '' } })?.code).toBe('internal')
  expect(errorOf({ error: { code: 'from_the_future', message: 'm', requestId: '' } })?.code).toBe('internal')
})

test.each([undefined, null, 'error', [], {}, { error: 'x' }, { error: { code: 1, message: 'm' } }])(
  '%j tells no error',
  (body) => expect(errorOf(body)).toBeUndefined(),
)

test('every status of the table is one of an error, and what a status alone says has that status', () => {
  for (const status of new Set(Object.values(STATUS_OF))) {
    expect(status).toBeGreaterThanOrEqual(400)
    expect(STATUS_OF[codeOfStatus(status)]).toBe(
      [401, 403, 404, 409, 413, 429, 503, 504].includes(status) ? status : status < 500 ? 400 : 500,
    )
  }
})

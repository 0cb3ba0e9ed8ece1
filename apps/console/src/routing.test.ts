import { expect, test, vi } from 'vitest'

test('addresses of views lead back to them, whatever a collection is called', async () => {
  vi.stubGlobal('location', { hash: '' })
  vi.stubGlobal('addEventListener', () => undefined)
  const { addressOf, placeOf } = await import('./routing.ts')
  for (const name of ['docs', 'a/b', '50 % & more?', '日本', '#']) {
    expect(placeOf(addressOf('map', name, { row: name }))).toEqual({
      view: 'map',
      subject: name,
      query: { row: name },
    })
  }
  expect(placeOf('')).toEqual({ view: 'collections', subject: undefined, query: {} })
  vi.unstubAllGlobals()
})

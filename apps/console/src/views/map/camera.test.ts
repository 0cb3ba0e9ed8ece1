import { expect, test } from 'vitest'
import { nearestPoint, panned, spotOf, whole, zoomed } from './camera.ts'

const size = { width: 800, height: 600 }

test('what lies under the pointer stays there while it zooms', () => {
  const at = { left: 650, top: 120 }
  const camera = panned(whole(size), 40, -25)
  const closer = zoomed(camera, size, at, 3)
  const x = camera.x + (at.left - 400) / camera.scale
  const y = camera.y - (at.top - 300) / camera.scale
  expect(spotOf(closer, size, x, y).left).toBeCloseTo(at.left)
  expect(spotOf(closer, size, x, y).top).toBeCloseTo(at.top)
})

test('zooming ends somewhere in both directions', () => {
  const { scale } = whole(size)
  expect(zoomed(whole(size), size, { left: 0, top: 0 }, 1e9).scale / scale).toBeCloseTo(400)
  expect(zoomed(whole(size), size, { left: 0, top: 0 }, 1e-9).scale / scale).toBeCloseTo(0.3)
})

test('the nearest point is found within reach, and only if it can be seen', () => {
  const camera = whole(size)
  const positions = Float32Array.of(0, 0, 0.5, 0.5, 0.505, 0.5)
  const spot = spotOf(camera, size, 0.5, 0.5)
  const visible = (): boolean => true
  expect(nearestPoint(positions, camera, size, spot, visible)).toBe(1)
  expect(nearestPoint(positions, camera, size, spot, (point) => point !== 1)).toBe(2)
  expect(nearestPoint(positions, camera, size, { left: 1, top: 1 }, visible)).toBe(-1)
})

/** What part of the plane is seen: its middle, and pixels of the style sheet per unit. */
export interface Camera {
  readonly x: number
  readonly y: number
  readonly scale: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

/** A place on the canvas, in pixels of the style sheet, from the upper left. */
export interface Spot {
  readonly left: number
  readonly top: number
}

const MARGIN = 0.9
const NEAREST_ZOOM = 400
const FARTHEST_ZOOM = 0.3

/** How far a layout reaches from the middle of the plane, to the sides and up and down. */
export interface Reach {
  readonly x: number
  readonly y: number
}

export const SQUARE: Reach = { x: 1, y: 1 }

/** All of a layout. */
export function whole({ width, height }: Size, reach: Reach = SQUARE): Camera {
  return { x: 0, y: 0, scale: Math.min(width / reach.x, height / reach.y) * 0.5 * MARGIN }
}

/** How far points reach, as x, y after x, y. */
export function reachOf(positions: Float32Array): Reach {
  const reach: [number, number] = [0, 0]
  for (const [i, value] of positions.entries()) {
    const axis = (i & 1) as 0 | 1
    reach[axis] = Math.max(reach[axis], Math.abs(value))
  }
  return { x: reach[0] || 1, y: reach[1] || 1 }
}

export function panned(camera: Camera, right: number, down: number): Camera {
  return { ...camera, x: camera.x - right / camera.scale, y: camera.y + down / camera.scale }
}

/** Zooms, leaving what lies at a spot where it is. */
export function zoomed(camera: Camera, size: Size, at: Spot, factor: number): Camera {
  const { scale: least } = whole(size)
  const scale = Math.min(least * NEAREST_ZOOM, Math.max(least * FARTHEST_ZOOM, camera.scale * factor))
  const right = at.left - size.width / 2
  const down = at.top - size.height / 2
  return {
    scale,
    x: camera.x + right / camera.scale - right / scale,
    y: camera.y - down / camera.scale + down / scale,
  }
}

/** Where a point of the plane is seen. */
export function spotOf(camera: Camera, { width, height }: Size, x: number, y: number): Spot {
  return { left: width / 2 + (x - camera.x) * camera.scale, top: height / 2 - (y - camera.y) * camera.scale }
}

const REACH = 14

/**
 * The point that is seen nearest to a spot, within reach: every point is looked at, which takes a fraction of a millisecond
 * for a hundred thousand.
 *
 * @param visible whether the point of this number can be seen
 * @returns −1 for none
 */
export function nearestPoint(
  positions: Float32Array,
  camera: Camera,
  { width, height }: Size,
  { left, top }: Spot,
  visible: (point: number) => boolean,
): number {
  const x = camera.x + (left - width / 2) / camera.scale
  const y = camera.y - (top - height / 2) / camera.scale
  let nearest = -1
  let best = (REACH / camera.scale) ** 2
  for (let i = 0; i < positions.length; i += 2) {
    const distance = ((positions[i] ?? 0) - x) ** 2 + ((positions[i + 1] ?? 0) - y) ** 2
    if (distance < best && visible(i / 2)) {
      best = distance
      nearest = i / 2
    }
  }
  return nearest
}

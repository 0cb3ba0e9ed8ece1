import type { Camera, Size } from './camera.ts'
import type { Rgb } from './colours.ts'
import { PixelPainter } from './pixel-painter.ts'
import { WebglPainter } from './webgl-painter.ts'

/** How points are to look in one picture. */
export interface Look {
  readonly camera: Camera
  readonly size: Size
  /** Pixels of the screen per pixel of the style sheet. */
  readonly density: number
  /** How far points have come from where they were to where they are to be, from 0 to 1. */
  readonly mix: number
  /** Diameter in pixels of the style sheet. */
  readonly pointSize: number
  readonly opacity: number
  /** Points that stand out, drawn last, with this colour around them. */
  readonly rim: Rgb
}

/** Draws points on a canvas. */
export interface Painter {
  /** Where points were, and where they are to be, as x, y after x, y. */
  place(from: Float32Array, to: Float32Array): void
  /** @param colours red, green, blue and opacity of each point */
  colour(colours: Uint8Array): void
  /** @param points those that stand out */
  mark(points: readonly number[]): void
  draw(look: Look): void
  /** Gives back the memory that it holds. */
  dispose(): void
}

/** The quickest painter that there is here: browsers imitate a graphics processor that is not there, which is slow. */
export function painterOf(canvas: HTMLCanvasElement): Painter {
  // A canvas that was asked for one kind of drawing offers no other: a canvas apart is asked first.
  if (!isDrawnByHardware(new OffscreenCanvas(1, 1).getContext('webgl2'))) return new PixelPainter(canvas)
  const gl = canvas.getContext('webgl2', { antialias: false, powerPreference: 'high-performance' })
  return gl ? new WebglPainter(gl) : new PixelPainter(canvas)
}

function isDrawnByHardware(gl: WebGL2RenderingContext | null): boolean {
  if (!gl) return false
  const info = gl.getExtension('WEBGL_debug_renderer_info')
  const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER))
  gl.getExtension('WEBGL_lose_context')?.loseContext()
  return !/swiftshader|llvmpipe|software|basic render/i.test(name)
}

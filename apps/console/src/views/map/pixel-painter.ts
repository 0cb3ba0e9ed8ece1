import type { Rgb } from './colours.ts'
import type { Look, Painter } from './painter.ts'

/** How much of each pixel a disc covers: a square of so many pixels, row after row. */
interface Stamp {
  readonly width: number
  readonly covers: Float32Array
  /** How much of what is covered is rim. */
  readonly rims: Float32Array
}

const RIM_PX = 3.5

/** Draws points pixel by pixel, for machines without a graphics processor. */
export class PixelPainter implements Painter {
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  #image: ImageData
  #from: Float32Array = new Float32Array()
  #to: Float32Array = new Float32Array()
  #colours: Uint8Array = new Uint8Array()
  #marked: readonly number[] = []

  /** @throws Error where the canvas is drawn on in another way already */
  constructor(canvas: HTMLCanvasElement) {
    const context = canvas.getContext('2d')
    if (!context) throw new Error('This browser cannot draw the map.')
    this.#canvas = canvas
    this.#context = context
    this.#image = new ImageData(1, 1)
  }

  place(from: Float32Array, to: Float32Array): void {
    this.#from = from
    this.#to = to
  }

  colour(colours: Uint8Array): void {
    this.#colours = colours
  }

  mark(points: readonly number[]): void {
    this.#marked = points
  }

  draw(look: Look): void {
    const { width, height } = this.#canvas
    if (this.#image.width !== width || this.#image.height !== height) {
      this.#image = new ImageData(Math.max(1, width), Math.max(1, height))
    } else {
      new Uint32Array(this.#image.data.buffer).fill(0)
    }
    const { pointSize, opacity, density, rim } = look
    const stamp = discOf(pointSize * density, opacity, 0)
    for (let point = 0; point < this.#to.length / 2; point++) this.#stamp(point, stamp, look, rim)
    const standing = discOf((Math.max(pointSize, 5) + 8) * density, 1, RIM_PX * density)
    for (const point of this.#marked) this.#stamp(point, standing, look, rim)
    this.#context.putImageData(this.#image, 0, 0)
  }

  dispose(): void {
    this.#image = new ImageData(1, 1)
  }

  #stamp(point: number, stamp: Stamp, look: Look, rim: Rgb): void {
    const colours = this.#colours
    const alpha = (colours[point * 4 + 3] ?? 0) / 255
    if (alpha === 0) return
    const { camera, density, mix } = look
    const { width, height, data } = this.#image
    const x = this.#between(point * 2, mix)
    const y = this.#between(point * 2 + 1, mix)
    const left = Math.round(width / 2 + (x - camera.x) * camera.scale * density - stamp.width / 2)
    const top = Math.round(height / 2 - (y - camera.y) * camera.scale * density - stamp.width / 2)
    if (left < 0 || top < 0 || left + stamp.width > width || top + stamp.width > height) return
    const red = colours[point * 4] ?? 0
    const green = colours[point * 4 + 1] ?? 0
    const blue = colours[point * 4 + 2] ?? 0
    let at = 0
    for (let row = top; row < top + stamp.width; row++) {
      let pixel = (row * width + left) * 4
      for (let column = 0; column < stamp.width; column++, at++, pixel += 4) {
        const covers = (stamp.covers[at] ?? 0) * alpha
        if (covers === 0) continue
        const below = (data[pixel + 3] ?? 0) / 255
        const together = covers + below * (1 - covers)
        const share = covers / together
        const rimmed = stamp.rims[at] ?? 0
        data[pixel] = blend(data[pixel] ?? 0, red + (rim[0] - red) * rimmed, share)
        data[pixel + 1] = blend(data[pixel + 1] ?? 0, green + (rim[1] - green) * rimmed, share)
        data[pixel + 2] = blend(data[pixel + 2] ?? 0, blue + (rim[2] - blue) * rimmed, share)
        data[pixel + 3] = together * 255
      }
    }
  }

  #between(i: number, mix: number): number {
    const to = this.#to[i] ?? 0
    if (mix === 1) return to
    const from = this.#from[i] ?? to
    return from + (to - from) * mix
  }
}

const blend = (below: number, above: number, share: number): number => below + (above - below) * share

/** A disc with soft edges. */
function discOf(diameter: number, opacity: number, rim: number): Stamp {
  const width = Math.max(1, Math.ceil(diameter))
  const covers = new Float32Array(width * width)
  const rims = new Float32Array(width * width)
  for (let i = 0; i < covers.length; i++) {
    const distance = Math.hypot((i % width) + 0.5 - width / 2, Math.floor(i / width) + 0.5 - width / 2)
    covers[i] = opacity * Math.min(1, Math.max(0, diameter / 2 + 0.5 - distance))
    rims[i] = rim > 0 && distance > diameter / 2 - rim ? 1 : 0
  }
  return { width, covers, rims }
}

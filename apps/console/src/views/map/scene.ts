import {
  type Camera,
  nearestPoint,
  panned,
  type Reach,
  reachOf,
  type Size,
  type Spot,
  SQUARE,
  spotOf,
  whole,
  zoomed,
} from './camera.ts'
import type { Rgb } from './colours.ts'
import { type Painter, painterOf } from './painter.ts'

const MOVE_MS = 450

/** The map on its canvas: what is drawn, from where it is seen, and how it moves from one layout to the next. */
export class Scene {
  /** Told after every picture, so that what lies above the canvas can follow. */
  onDrawn: () => void = () => undefined
  readonly #canvas: HTMLCanvasElement
  readonly #painter: Painter
  #size: Size = { width: 1, height: 1 }
  #camera: Camera = { x: 0, y: 0, scale: 1 }
  #from: Float32Array = new Float32Array()
  #to: Float32Array = new Float32Array()
  #colours: Uint8Array = new Uint8Array()
  #rim: Rgb = [0, 0, 0]
  #reach: Reach = SQUARE
  /** Whether somebody chose what is seen: then new positions leave it as it is. */
  #isChosen = false
  #moved = 0
  #pending = 0

  /** @throws Error where the browser cannot draw it */
  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas
    this.#painter = painterOf(canvas)
    this.fit()
    this.#camera = whole(this.#size)
  }

  get size(): Size {
    return this.#size
  }

  /** Takes the size that the canvas has on the page. */
  fit(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas
    if (width === this.#size.width && height === this.#size.height) return
    this.#size = { width, height }
    if (!this.#isChosen) this.#camera = whole(this.#size, this.#reach)
    this.#canvas.width = Math.round(width * devicePixelRatio)
    this.#canvas.height = Math.round(height * devicePixelRatio)
    this.refresh()
  }

  /** Moves points to new places, from those that they have now. */
  arrange(positions: Float32Array): void {
    this.#from = this.#to.length === positions.length ? this.#current() : positions
    this.#to = positions
    this.#moved = performance.now()
    this.#painter.place(this.#from, this.#to)
    this.#reach = reachOf(positions)
    if (!this.#isChosen) this.#camera = whole(this.#size, this.#reach)
    this.refresh()
  }

  /** @param rim what surrounds points that stand out */
  colour(colours: Uint8Array, rim: Rgb): void {
    this.#colours = colours
    this.#rim = rim
    this.#painter.colour(colours)
    this.refresh()
  }

  mark(points: readonly number[]): void {
    this.#painter.mark(points)
    this.refresh()
  }

  pan(right: number, down: number): void {
    this.#isChosen = true
    this.#camera = panned(this.#camera, right, down)
    this.refresh()
  }

  zoom(factor: number, at: Spot = { left: this.#size.width / 2, top: this.#size.height / 2 }): void {
    this.#isChosen = true
    this.#camera = zoomed(this.#camera, this.#size, at, factor)
    this.refresh()
  }

  /** Shows all of it. */
  reset(): void {
    this.#isChosen = false
    this.#camera = whole(this.#size, this.#reach)
    this.refresh()
  }

  /** The number of the point at a spot, −1 for none. */
  pointAt(spot: Spot): number {
    const isVisible = (point: number): boolean => this.#colours[point * 4 + 3] !== 0
    return nearestPoint(this.#to, this.#camera, this.#size, spot, isVisible)
  }

  /** The number of the point nearest to the middle of the picture. */
  middle(): number {
    return this.pointAt({ left: this.#size.width / 2, top: this.#size.height / 2 })
  }

  /** Where a point is seen. */
  spot(point: number): Spot {
    return spotOf(this.#camera, this.#size, this.#to[point * 2] ?? 0, this.#to[point * 2 + 1] ?? 0)
  }

  /** Draws with the next picture of the screen, once, however often it is asked to. */
  refresh(): void {
    this.#pending ||= requestAnimationFrame(() => {
      this.#pending = 0
      this.#draw()
    })
  }

  dispose(): void {
    cancelAnimationFrame(this.#pending)
    this.#painter.dispose()
  }

  #draw(): void {
    const points = this.#to.length / 2
    const closeness = this.#camera.scale / whole(this.#size, this.#reach).scale
    const done = Math.min(1, (performance.now() - this.#moved) / MOVE_MS)
    this.#painter.draw({
      ...{ camera: this.#camera, size: this.#size, density: devicePixelRatio },
      mix: eased(done),
      pointSize: Math.min(16, Math.max(2.6, 430 / Math.sqrt(points + 1)) * closeness ** 0.4),
      opacity: Math.min(0.92, Math.max(0.55, 60 / Math.sqrt(points + 1)) * closeness ** 0.2),
      rim: this.#rim,
    })
    this.onDrawn()
    if (done < 1) this.refresh()
  }

  /** Where points are on their way. */
  #current(): Float32Array {
    const mix = eased(Math.min(1, (performance.now() - this.#moved) / MOVE_MS))
    if (mix === 1) return this.#to
    return this.#to.map((to, i) => (this.#from[i] ?? to) + (to - (this.#from[i] ?? to)) * mix)
  }
}

/** Slow, quick, slow: 0 at 0 and 1 at 1. */
const eased = (time: number): number => time * time * (3 - 2 * time)

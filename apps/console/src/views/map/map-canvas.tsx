import { type Signal, useSignal, useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Row } from '../../api/rows.ts'
import { valueText } from '../../format.ts'
import { isDark } from '../../theme.ts'
import type { Atlas } from './atlas.ts'
import type { Spot } from './camera.ts'
import { pointColours, rgbOf } from './colours.ts'
import { useGestures } from './gestures.ts'
import { Scene } from './scene.ts'

/** The canvas, and what stands above it where the pointer is. */
export function MapCanvas({ atlas }: { readonly atlas: Atlas }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const scene = useSignal<Scene | undefined>(undefined)
  const hovered = useSignal(-1)
  const failure = useSignal<string | undefined>(undefined)
  useEffect(() => {
    if (!canvas.current) return undefined
    try {
      const made = new Scene(canvas.current)
      scene.value = made
      const observer = new ResizeObserver(() => made.fit())
      observer.observe(canvas.current)
      return () => {
        observer.disconnect()
        made.dispose()
      }
    } catch (error) {
      failure.value = (error as Error).message
      return undefined
    }
  }, [])
  useDrawn(atlas, scene, hovered)
  const gestures = useGestures(scene, hovered, (point) => {
    const id = atlas.points.value?.ids[point]
    if (id === undefined) atlas.unpick()
    else atlas.pick(id)
  })
  // What was picked is told of beside the map.
  const isNew = hovered.value >= 0 && atlas.points.value?.ids[hovered.value] !== atlas.picked.value?.id
  if (failure.value) return <p class="empty">{failure.value}</p>
  return (
    <>
      <canvas
        ref={canvas}
        class="map-canvas"
        role="img"
        tabIndex={0}
        data-hovered={hovered.value}
        aria-label="Map of rows. Arrow keys move it, plus and minus zoom, 0 shows all of it, Enter picks the row in the middle."
        {...gestures}
      />
      {isNew && scene.value && <HoverCard atlas={atlas} point={hovered.value} scene={scene.value} />}
    </>
  )
}

/** Keeps the picture as the atlas is. */
function useDrawn(atlas: Atlas, scene: Signal<Scene | undefined>, hovered: Signal<number>): void {
  useSignalEffect(() => {
    // Colours are those of the theme.
    isDark.value
    const colouring = atlas.colouring.value
    const hidden = atlas.hidden.value
    if (atlas.positions.value) scene.value?.colour(pointColours(colouring, hidden), rgbOf('--ink'))
  })
  useSignalEffect(() => {
    const positions = atlas.positions.value
    if (positions) scene.value?.arrange(positions)
  })
  useSignalEffect(() => {
    const rows = [...atlas.neighbours.value, ...(atlas.picked.value ? [atlas.picked.value] : [])]
    const numbers = rows.map(({ id }) => atlas.numberOf(id)).filter((number) => number !== undefined)
    scene.value?.mark(hovered.value >= 0 ? [...numbers, hovered.value] : numbers)
  })
}

interface HoverCardProps {
  readonly atlas: Atlas
  readonly point: number
  readonly scene: Scene
}

/** The row below the pointer. */
function HoverCard({ atlas, point, scene }: HoverCardProps): JSX.Element {
  const spot = useSignal<Spot>(scene.spot(point))
  const row = useSignal<Row | undefined>(undefined)
  const id = atlas.points.value?.ids[point] ?? ''
  useEffect(() => {
    let isCurrent = true
    row.value = undefined
    const follow = (): void => {
      spot.value = scene.spot(point)
    }
    follow()
    scene.onDrawn = follow
    atlas.rowOf(id).then(
      (found) => {
        if (isCurrent) row.value = found
      },
      // Whoever only passes over a point need not be told.
      () => undefined,
    )
    return () => {
      isCurrent = false
      scene.onDrawn = () => undefined
    }
  }, [id])
  const { left, top } = spot.value
  const { width, height } = scene.size
  const sides = [left > width / 2 ? 'leftward' : '', top > height / 2 ? 'upward' : '']
  return (
    <div class={`hover-card ${sides.join(' ')}`} style={{ translate: `${left}px ${top}px` }}>
      <strong class="mono">{id}</strong>
      <dl>
        {Object.entries(row.value ?? {})
          .filter(([name, value]) => name !== 'id' && value !== undefined)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{valueText(value)}</dd>
            </div>
          ))}
      </dl>
    </div>
  )
}

import type { Signal } from '@preact/signals'
import type { TargetedKeyboardEvent, TargetedPointerEvent, TargetedWheelEvent } from 'preact'
import { useMemo } from 'preact/hooks'
import type { Spot } from './camera.ts'
import type { Scene } from './scene.ts'

type PointerHandler = (event: TargetedPointerEvent<HTMLCanvasElement>) => void

/** What the canvas listens to. */
export interface Gestures {
  readonly onPointerDown: PointerHandler
  readonly onPointerMove: PointerHandler
  readonly onPointerUp: PointerHandler
  readonly onPointerCancel: PointerHandler
  readonly onPointerLeave: PointerHandler
  readonly onWheel: (event: TargetedWheelEvent<HTMLCanvasElement>) => void
  readonly onKeyDown: (event: TargetedKeyboardEvent<HTMLCanvasElement>) => void
}

const CLICK_PX = 4
const STEP_PX = 60
const KEY_ZOOM = 1.3

/** Moves and zooms a map by pointer, fingers, wheel and keys, and tells which point is pointed at and which is picked. */
export function useGestures(
  scene: Signal<Scene | undefined>,
  hovered: Signal<number>,
  onPick: (point: number) => void,
): Gestures {
  return useMemo(() => {
    /** Where each finger, or the button that is held, is. */
    const held = new Map<number, Spot>()
    let travelled = 0
    const lift: PointerHandler = (event) => {
      const wasHeld = held.delete(event.pointerId)
      if (wasHeld && held.size === 0 && travelled < CLICK_PX && event.type === 'pointerup') {
        onPick(scene.value?.pointAt(spotOf(event)) ?? -1)
      }
    }
    return {
      onPointerDown(event) {
        event.currentTarget.setPointerCapture(event.pointerId)
        if (held.size === 0) travelled = 0
        held.set(event.pointerId, spotOf(event))
      },
      onPointerMove(event) {
        const spot = spotOf(event)
        const before = held.get(event.pointerId)
        if (!before) {
          hovered.value = scene.value?.pointAt(spot) ?? -1
          return
        }
        const [right, down] = [spot.left - before.left, spot.top - before.top]
        travelled += Math.hypot(right, down)
        held.set(event.pointerId, spot)
        if (travelled >= CLICK_PX) hovered.value = -1
        if (held.size === 1) scene.value?.pan(right, down)
        else pinch(scene.value, [...held.values()], before, spot)
      },
      onPointerUp: lift,
      onPointerCancel: lift,
      onPointerLeave() {
        hovered.value = -1
      },
      onWheel(event) {
        event.preventDefault()
        scene.value?.zoom(Math.exp(-event.deltaY * 0.0016), spotOf(event))
      },
      onKeyDown(event) {
        if (!pressed(event.key, scene.value, onPick)) return
        event.preventDefault()
      },
    }
  }, [])
}

function spotOf(event: { readonly offsetX: number; readonly offsetY: number }): Spot {
  return { left: event.offsetX, top: event.offsetY }
}

/** Two fingers zoom about the middle between them. */
function pinch(scene: Scene | undefined, held: readonly Spot[], before: Spot, now: Spot): void {
  const other = held.find((spot) => spot !== now)
  if (!other) return
  const distance = (spot: Spot): number => Math.hypot(spot.left - other.left, spot.top - other.top) || 1
  scene?.zoom(distance(now) / distance(before), {
    left: (now.left + other.left) / 2,
    top: (now.top + other.top) / 2,
  })
}

/** @returns whether the key means something to the map */
function pressed(key: string, scene: Scene | undefined, onPick: (point: number) => void): boolean {
  switch (key) {
    case 'ArrowLeft':
      scene?.pan(STEP_PX, 0)
      return true
    case 'ArrowRight':
      scene?.pan(-STEP_PX, 0)
      return true
    case 'ArrowUp':
      scene?.pan(0, STEP_PX)
      return true
    case 'ArrowDown':
      scene?.pan(0, -STEP_PX)
      return true
    case '+':
    case '=':
      scene?.zoom(KEY_ZOOM)
      return true
    case '-':
      scene?.zoom(1 / KEY_ZOOM)
      return true
    case '0':
      scene?.reset()
      return true
    case 'Enter':
      onPick(scene?.middle() ?? -1)
      return true
    default:
      return false
  }
}

import { styleText } from 'node:util'

/** How far a long operation has come. */
export interface Progress {
  readonly done: number
  readonly total: number
}

/** A line of progress: told as often as convenient, drawn a few times a second. */
export interface ProgressBar {
  update(progress: Progress): void
  /** Replaces the line by a final one. */
  end(message?: string): void
  /** Takes the line away. */
  clear(): void
}

const WIDTH = 24
const REDRAW_MS = 80
const CLEAR_LINE = '\r\x1b[K'
const BLOCKS = ' ▏▎▍▌▋▊▉█'

/**
 * Starts a progress bar on standard error. Without a terminal only the final line is printed.
 *
 * @param format turns the counts into words, such as bytes into megabytes
 */
export function progressBar(label: string, format: (progress: Progress) => string = counts): ProgressBar {
  const stream = process.stderr
  const started = performance.now()
  let drawn = Number.NEGATIVE_INFINITY
  let last: Progress = { done: 0, total: 0 }
  return {
    update(progress) {
      last = progress
      const now = performance.now()
      if (!stream.isTTY || now - drawn < REDRAW_MS) return
      drawn = now
      stream.write(`${CLEAR_LINE}${line(label, progress, format(progress), now - started)}`)
    },
    end(message) {
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      const done = message ?? `${label} ${styleText('dim', `${format(last)} in ${seconds} s`)}`
      stream.write(`${stream.isTTY ? CLEAR_LINE : ''}${done}\n`)
    },
    clear() {
      if (stream.isTTY) stream.write(CLEAR_LINE)
    },
  }
}

/** Bytes as megabytes, for downloads. */
export function megabytes({ done, total }: Progress): string {
  const mb = (bytes: number): string => (bytes / 1e6).toFixed(1)
  return total > 0 ? `${mb(done)} / ${mb(total)} MB` : `${mb(done)} MB`
}

function counts({ done, total }: Progress): string {
  return total > 0
    ? `${done.toLocaleString('en')} / ${total.toLocaleString('en')}`
    : done.toLocaleString('en')
}

function line(label: string, { done, total }: Progress, text: string, elapsedMs: number): string {
  if (total <= 0) return `${label} ${text} ${styleText('dim', `${(elapsedMs / 1000).toFixed(0)} s`)}`
  const share = Math.min(1, done / total)
  const left = share > 0.01 ? `${((elapsedMs / 1000) * (1 / share - 1)).toFixed(0)} s left` : ''
  return `${label} ${styleText('cyan', bar(share))} ${(100 * share).toFixed(0).padStart(3)} %  ${text}  ${styleText('dim', left)}`
}

function bar(share: number): string {
  const eighths = Math.round(share * WIDTH * 8)
  const whole = Math.floor(eighths / 8)
  return `${'█'.repeat(whole)}${whole < WIDTH ? BLOCKS[eighths % 8] : ''}`.padEnd(WIDTH, ' ')
}

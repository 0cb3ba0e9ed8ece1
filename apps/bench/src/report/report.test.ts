import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import type { VariantResults } from '../measure/ablation/measure.ts'
import { readResults } from '../results.ts'
import { temporaryFile } from '../testing/files.ts'
import { engineResults, point, runResults, variantPoint } from '../testing/results.ts'
import { type AblationRun, ablationMarkdown } from './ablation.ts'
import { curveChart, escapeHtml, latencyChart } from './charts.ts'
import { markdownReport } from './markdown.ts'
import { htmlReport } from './page.ts'
import { DARK, engineColors, LIGHT } from './palette.ts'
import { scaleMarkdown } from './scale.ts'
import { curveSvg } from './svg.ts'
import { textReport } from './text.ts'

const omen = engineResults('omen-hnsw', {
  title: 'Omen </script><b>',
  points: [point(16, 0.85, [3000, 3100]), point(64, 0.97, [1500, 1400]), point(256, 1, [700, 800])],
  build: {
    wallSeconds: 4,
    cpuSeconds: 8,
    peakBytes: 4e6,
    indexBytes: 3e6,
    inputBytes: 1e6,
    parts: { links: 1e6, codes: 2e6 },
  },
  buildSeconds: [4],
})
const results = runResults([engineResults('hnswlib-cpp'), omen], {
  claims: [{ figure: 'qpsAtRecall', at: 0.95, of: 'omen-hnsw', over: 'hnswlib-cpp', atLeast: 1 }],
  skipped: [{ id: 'usearch', title: 'usearch', reason: 'it is <not> installed' }],
})
const [dataset] = results.datasets

describe('the page', () => {
  // The library's own text would only drown what is looked for, and the messages of failures.
  const library = readFileSync(
    createRequire(import.meta.url).resolve('echarts/dist/echarts.common.min.js'),
    'utf8',
  )
  const whole = htmlReport(results)
  const page = whole.replace(library.replaceAll('</', '<\\/'), 'the library')

  test('needs no network and no other file', () => {
    expect(whole.length - page.length).toBeGreaterThan(500_000)
    expect(page).not.toMatch(/<(script|link|img|iframe)[^>]*\b(src|href)=/)
    expect(page).not.toMatch(/@import|url\(/)
    expect(page.match(/<script/g)).toHaveLength(3)
    expect(page.match(/<\/script>/g)).toHaveLength(3)
  })

  test('shows titles as text, not as markup', () => {
    expect(page).toContain('A &lt;made up&gt; run')
    expect(page).toContain('Omen &lt;/script&gt;&lt;b&gt;')
    expect(page).toContain('it is &lt;not&gt; installed')
    expect(page).not.toContain('Omen </script>')
    expect(escapeHtml(`<a href="x" title='y'>&`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;')
  })

  test('carries every chart, in both looks, as plain data', () => {
    const json = /id="charts">(.*?)<\/script>/s.exec(page)?.[1] ?? ''
    const [charts] = JSON.parse(json) as [Record<'light' | 'dark', Record<string, unknown>>]
    const names = [
      'build',
      'latency',
      'memory',
      'qps-linear',
      'qps-missed',
      'qpsAllThreads-linear',
      'qpsAllThreads-missed',
    ]
    expect(Object.keys(charts.light).sort()).toEqual(names)
    expect(Object.keys(charts.dark).sort()).toEqual(names)
  })

  test('states claims, ratios, parts of memory and where it was measured', () => {
    expect(page).toContain('class="good"')
    expect(page).toMatch(/4\.\d\d×/)
    expect(page).toContain('links 1.00 · codes 2.00')
    expect(page).toContain('0123456789')
    expect(page).toContain('A processor, 2 cores')
  })
})

describe('charts', () => {
  const all = dataset ?? expect.fail()

  test('have a line with every point of each engine, and whiskers from its slowest to its fastest round', () => {
    const { series } = curveChart(all, LIGHT, 'qps', 'linear') as { series: { data: unknown[] }[] }
    expect(series).toHaveLength(4)
    expect(series[2]?.data).toHaveLength(3)
    expect(series[3]?.data.slice(0, 2)).toEqual([
      [0.85, 3000],
      [0.85, 3100],
    ])
  })

  test('draw perfect recall on the logarithmic axis, too', () => {
    const { series } = curveChart(all, LIGHT, 'qps', 'missed') as {
      series: { data: { value: number[] }[] }[]
    }
    expect(series[2]?.data.at(-1)?.value[0]).toBe(1e-4)
  })

  test('leave out engines that do not reach the recall', () => {
    const { yAxis } = latencyChart(all, LIGHT, 0.995) as { yAxis: { data: string[] } }
    expect(yAxis.data).toEqual(['Omen </script><b>'])
  })

  test('are drawn without a browser', () => {
    const svg = curveSvg(all, 'linear')
    expect(svg).toMatch(/^<svg/)
    expect(svg).toContain('queries per second, 1 thread')
    expect(svg.match(/<path/g)?.length).toBeGreaterThan(8)
  })

  test('give Omen and the others colours of their own', () => {
    const [first, second] = engineColors(all.engines, LIGHT)
    expect(LIGHT.others).toContain(first)
    expect(LIGHT.omen).toContain(second)
    expect(engineColors(all.engines, DARK)).not.toContain(first)
  })
})

test('the tables for the terminal say what was measured and what was not', () => {
  const text = textReport(results)
  expect(text).toContain('made-up-data')
  expect(text).toMatch(/Omen .*over hnswlib-cpp: queries per second at recall@10 0\.95/)
  expect(text).toContain('holds')
  expect(text).toContain('skipped usearch: it is <not> installed')
})

test('the tables for documents name the command that gave their figures', () => {
  const text = markdownReport(results)
  expect(text).toContain('| queries/s at recall 0.95 | speed | build s |')
  expect(text).toContain('| hnswlib-cpp | 500 | 1.00× | 340 | 1.00× | 10.0 | 1.00× | 200 | 1.00× |')
  expect(text).toContain('| 1,641 | 4.82× | 4.00 | 0.40× | 300 | 1.50× |')
  expect(text).toContain('`node made-up` on A processor, 2 cores')
})

test('reports of a run where nothing could be measured are still reports', () => {
  const empty = runResults([], { skipped: [{ id: 'a', title: 'A', reason: 'no reason' }] })
  expect(textReport(empty)).toContain('skipped A: no reason')
  expect(htmlReport(empty)).toContain('Skipped A:')
})

test('result files of another kind are refused', () => {
  expect(() => readResults('missing.json')).toThrow(expect.objectContaining({ code: 'not_found' }))
  expect(() => readResults(temporaryFile('a.json', '{'))).toThrow(/is no JSON/)
  expect(() => readResults(temporaryFile('a.json', '{"format":"omen-bench/0"}'))).toThrow(/no result file/)
  expect(readResults(temporaryFile('a.json', JSON.stringify(results)))).toEqual(results)
})

test('the work of searches is shown where it was counted', () => {
  const work = { distances: 1234, hops: 56, rescored: 40, bytes: 128_000 }
  const memoryCost = { spreadBytes: 1e8, blockBytes: [64, 128], nanoseconds: [5, 7] }
  const points = [{ ...point(16, 0.96, 1000), work }]
  const run = runResults([engineResults('a', { points, memoryCost }), engineResults('b')])
  for (const text of [textReport(run), htmlReport(run)]) {
    expect(text).toContain('1,234')
    expect(text).toContain('least µs')
  }
  expect(textReport(runResults([engineResults('b')]))).not.toContain('least µs')
})

test('runs over several sizes draw how cost grows', () => {
  const sizes = [10_000, 1_000_000].map((rows, i) => {
    const points = [point(16, 0.9, 2000 / (i + 1)), point(64, 0.99, 500 / (i + 1))]
    const run = runResults([engineResults('y', { points, buildSeconds: [10 ** (i + 1)] })])
    const each = run.datasets[0] ?? expect.fail()
    return { ...each, dataset: { ...each.dataset, name: `clusters-${rows}`, rows } }
  })
  const run = { ...runResults([]), datasets: sizes }
  const text = scaleMarkdown(run)
  expect(text).toContain('| 1,000,000 | y | 100 |')
  expect(text).toContain(
    'From 10,000 to 1,000,000 rows, 100 times as many:\n\n- y: a search takes 2.00× the time',
  )
  expect(htmlReport(run)).toContain('Cost of a search against rows')
  expect(htmlReport(results)).not.toContain('Cost of a search against rows')
})

test('what each technique brings is a table with sentences', () => {
  const best = { m: 32, buildBeam: 300, quantizer: 'sq8' }
  const variant = (id: string, speed: number, more: Partial<VariantResults> = {}): VariantResults => ({
    id,
    settings: best,
    points: [variantPoint(16, 0.9, [1000 * speed]), variantPoint(64, 0.96, [100 * speed])],
    buildSeconds: [10],
    ...more,
  })
  const run: AblationRun = {
    ...runResults([]),
    format: 'omen-ablation/1',
    k: 10,
    recall: 0.95,
    rounds: 1,
    openings: 1,
    buildRows: 5000,
    buildRounds: 1,
    datasets: [
      {
        dataset: { ...(dataset ?? expect.fail()).dataset },
        variants: [
          variant('all', 1),
          variant('without-hugePages', 0.5, { buildSeconds: [20] }),
          variant('without-prefetchCodes', 0.8),
          variant('f32', 1, { points: [variantPoint(16, 0.5, [1000])] }),
        ],
      },
    ],
  }
  const text = ablationMarkdown(run)
  expect(text).toContain(
    '10,000 x 8, l2. Everything: M = 32, ef construction = 300, alpha 1, sq8; recall 0.960 at beam 64',
  )
  expect(text).toContain('| hugePages | 2.00× | 2.00× | 2.00× | 1.00× | 1.00× | 1.04–1.15× |')
  expect(text).toContain('| interleave | – | – | – | – | – | many in a call: 1.05–1.16× |')
  expect(text).toContain('| sq8 in place of f32 | – | – | 1.00× | – | – | 1.20–1.64×; build: 1.45× |')
  expect(text).toMatch(/\n- hugePages, one query a call, more than expected: \S+/)
  expect(text).not.toContain('prefetchCodes, one query a call')
})

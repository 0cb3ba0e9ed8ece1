import { vector } from '@omen/db'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CHROMIUM, type Served, serveMeanings } from './served.ts'

const ROWS = 400
const WAIT_MS = 30_000

describe.skipIf(CHROMIUM === undefined)('in Chromium, which must be there or named by CHROMIUM', () => {
  let served: Served
  let page: Page
  /** What the page did that it should not: errors, and whatever the content security policy stopped. */
  let complaints: string[]

  beforeAll(async () => {
    served = await serveMeanings(ROWS)
  }, 120_000)

  afterAll(() => served.close())

  beforeEach(async () => {
    const context = await served.browser.newContext({ viewport: { width: 1280, height: 800 } })
    page = await context.newPage()
    page.setDefaultTimeout(WAIT_MS)
    complaints = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      // Who comes without a key is told so once.
      if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text())
    })
  })

  afterEach(async () => {
    await page.context().close()
    expect(complaints).toEqual([])
  })

  const signIn = async (key: string, at = ''): Promise<void> => {
    await page.goto(`${served.server.url}/${at}`)
    await page.getByLabel('API key').fill(key)
    await page.keyboard.press('Enter')
    await page.getByRole('navigation', { name: 'Views' }).waitFor()
  }

  const admin = (): string => served.server.firstKey ?? ''

  const keyFor = async (roles: object): Promise<string> => {
    const reply = await fetch(`${served.server.url}/v1/keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${admin()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'test', roles }),
    })
    return ((await reply.json()) as { key: string }).key
  }

  test('a key that is wrong is refused, and one that is right is forgotten with the tab alone', async () => {
    await page.goto(served.server.url)
    await page.getByLabel('API key').fill('omen_0000000000000000_nothing')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').waitFor()
    await signIn(admin())
    await page.reload()
    await page.getByRole('heading', { name: 'Collections' }).waitFor()
    expect(await page.evaluate('Object.keys(localStorage)')).toEqual(['omen-theme'])
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('API key').waitFor()
    expect(await page.evaluate('sessionStorage.length')).toBe(0)
  })

  test('a collection shows its fields, its segments and whether its files are well', async () => {
    await signIn(admin())
    await page.getByRole('button', { name: 'Verify all files' }).click()
    await page.getByText('Everything is as it was written').waitFor()
    await page.getByRole('link', { name: 'meanings' }).click()
    await page.getByRole('heading', { name: 'Segments' }).waitFor()
    await page.getByText('32 dimensions').waitFor()
    await page.getByRole('button', { name: 'Measure recall' }).click()
    await page.getByText('of the true ten nearest').waitFor()
    await page.getByRole('button', { name: 'Optimize' }).click()
    await page.getByText('meanings is optimized').waitFor()
  })

  test('a search by row with a filter made by clicking finds what the database finds', async () => {
    await signIn(admin(), 'console/#/search/meanings')
    await page.getByRole('button', { name: '+ partOfSpeech' }).click()
    await page.getByLabel('Value', { exact: true }).fill('verb')
    const collection = await served.db.collection('meanings')
    const verbs = await collection.count({ partOfSpeech: 'verb' })
    await page.getByText(`${verbs} of ${ROWS} rows match`).waitFor()
    const { value: first } = await collection.scan({ select: ['embedding'] }).next()
    if (!first) throw new Error('there are no rows')
    await page.getByLabel('Id of a row').fill(first.id)
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.locator('.hit-row').first().waitFor()
    const shown = await page.locator('.hit-row .mono').allTextContents()
    const { hits } = await collection.search({
      vector: { embedding: first.embedding as Float32Array },
      where: { partOfSpeech: 'verb' },
    })
    expect(shown).toEqual(hits.map(({ id }) => id))
    await page.getByText(`The filter leaves ${verbs} of`).waitFor()
  })

  test('a search by text, and by a vector that was pasted', async () => {
    await signIn(admin(), 'console/#/search/meanings')
    await page.getByRole('button', { name: 'By text' }).click()
    await page.getByLabel('Text').fill('a large natural stream of water')
    await page.keyboard.press('Enter')
    await page.locator('.hit-row').first().waitFor()
    await page.getByRole('button', { name: 'By vector' }).click()
    await page.getByLabel('Vector', { exact: true }).fill('[1, 2, 3]')
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.getByText('embedding has 32 components; 3 were pasted').waitFor()
    await page.getByLabel('Vector', { exact: true }).fill(Array(32).fill('0.5').join(' '))
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.getByRole('alert').waitFor({ state: 'detached' })
    expect(await page.locator('.hit-row').count()).toBe(10)
  })

  test('the map draws every row, tells which one is pointed at, and shows the neighbours of one that is picked', async () => {
    await signIn(admin(), 'console/#/map/meanings')
    await page.getByText(`${ROWS} of ${ROWS} rows`).waitFor({ timeout: 60_000 })
    const canvas = page.locator('canvas.map-canvas')
    await canvas.focus()
    for (const key of ['+', '+', '0', 'ArrowLeft', 'ArrowRight']) await page.keyboard.press(key)
    const box = await canvas.boundingBox()
    if (!box) throw new Error('the map has no place on the page')
    await expect
      .poll(
        async () => {
          const [x, y] = [Math.random(), Math.random()]
          await page.mouse.move(box.x + box.width * x, box.y + box.height * y)
          return Number(await canvas.getAttribute('data-hovered'))
        },
        { timeout: WAIT_MS, interval: 20 },
      )
      .toBeGreaterThanOrEqual(0)
    await page.mouse.down()
    await page.mouse.up()
    await page.locator('.neighbours button').nth(11).waitFor()
    await page.getByLabel('Colour by').selectOption('uses')
    await page.locator('.ramp').waitFor()
    await page.getByRole('link', { name: 'Search from here' }).click()
    await page.locator('.hit-row').first().waitFor()
  })

  test('files are imported, JSONL and CSV, and rows that cannot be written are set aside', async () => {
    await served.db.collection('points', { at: vector(2) })
    await signIn(admin(), 'console/#/import/points')
    const lines = Array.from({ length: 2500 }, (_, i) => JSON.stringify({ id: `a${i}`, at: [i, 1] }))
    lines[1700] = '{"id":"short","at":[1]}'
    lines[20] = '{"id":'
    const files = page.locator('input[type=file]')
    await files.setInputFiles({ name: 'rows.jsonl', mimeType: '', buffer: Buffer.from(lines.join('\n')) })
    await page.getByText('2 rows could not be written').waitFor()
    expect(await page.locator('.bad-rows td.number').allTextContents()).toEqual(['21', '1,701'])
    const table = `id,at\nb1,"[1, 2]"\nb2,1;2\nb3,"[1, x]"\n`
    await files.setInputFiles({ name: 'rows.csv', mimeType: 'text/csv', buffer: Buffer.from(table) })
    await page.getByText('1 row could not be written').waitFor()
    const points = await served.db.collection('points')
    expect(await points.count()).toBe(2500)
    expect(await points.has('b2')).toBe(true)
  })

  test('a key is shown once when it is made, and is refused once it is revoked', async () => {
    await signIn(admin(), 'console/#/keys')
    await page.getByRole('button', { name: 'New key' }).click()
    await page.getByLabel('Name').fill('a reader')
    await page.getByLabel('In meanings').selectOption('read')
    await page.getByRole('button', { name: 'Make the key' }).click()
    const secret = await page.locator('.secret').textContent()
    const authorization = `Bearer ${secret}`
    const status = async (): Promise<number> =>
      (await fetch(`${served.server.url}/v1`, { headers: { authorization } })).status
    expect(await status()).toBe(200)
    await page.getByRole('button', { name: 'I have it' }).click()
    expect(await page.getByText(secret ?? '').count()).toBe(0)
    await page.getByRole('button', { name: 'Revoke a reader' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke a reader' }).click()
    await page.getByText('a reader is revoked').waitFor()
    expect(await status()).toBe(401)
  })

  test('whoever may only read sees why the rest is not for them', async () => {
    await signIn(await keyFor({ meanings: 'read' }), 'console/#/collections/meanings')
    const drop = page.getByRole('button', { name: 'Drop' })
    expect(await drop.getAttribute('aria-disabled')).toBe('true')
    await page
      .getByText('Needs the role admin for the collection meanings')
      .first()
      .waitFor({ state: 'attached' })
    await drop.press('Enter')
    expect(await page.getByRole('dialog').count()).toBe(0)
    await page.getByRole('link', { name: 'Keys' }).click()
    await page.getByText('Needs the role admin for the whole server').waitFor()
    await page.getByRole('navigation').getByRole('link', { name: 'Import' }).click()
    await page.getByRole('heading', { name: 'This key may not import' }).waitFor()
  })

  test('metrics are drawn as they come', async () => {
    await signIn(admin(), 'console/#/metrics')
    await page.getByText('Since the start').waitFor()
    expect(await page.locator('.chart canvas').count()).toBe(4)
  })

  test('all can be reached by the keyboard, from the link that skips the views on', async () => {
    await signIn(admin())
    await page.getByRole('heading', { name: 'Collections' }).waitFor()
    await page.reload()
    await page.getByRole('link', { name: 'meanings' }).waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('New collection')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })

  test('every view stays within a narrow page, light and dark', async () => {
    await signIn(admin())
    await page.setViewportSize({ width: 390, height: 800 })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const view of ['collections', 'collections/meanings', 'search', 'import', 'metrics', 'keys']) {
        await page.goto(`${served.server.url}/console/#/${view}`)
        // What is measured is the page with all that it shows.
        const complete = "document.querySelector('.page h1') && !document.querySelector('.page .spinner')"
        await expect.poll(() => page.evaluate(`Boolean(${complete})`)).toBe(true)
        expect(await page.evaluate('document.documentElement.scrollWidth'), view).toBeLessThanOrEqual(390)
      }
    }
  })
})

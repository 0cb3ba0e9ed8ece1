// Draws the charts of the report and switches between their variants. Runs in a browser, from a file, without network.
;(() => {
  const charts = JSON.parse(document.getElementById('charts').textContent)
  const root = document.documentElement
  const preferred = matchMedia('(prefers-color-scheme: dark)')
  const drawn = []

  const theme = () => root.dataset.theme
  const chosen = (section, group) =>
    section.querySelector(`[data-group="${group}"] [aria-pressed="true"]`)?.dataset.value

  function optionFor(section, name) {
    const variants = charts[Number(section.dataset.index)][theme()]
    return variants[name === 'curve' ? `${chosen(section, 'speed')}-${chosen(section, 'scale')}` : name]
  }

  function draw() {
    for (const { chart, section, name } of drawn)
      chart.setOption(optionFor(section, name), { notMerge: true })
  }

  function setTheme(value) {
    root.dataset.theme = value
    draw()
  }

  root.dataset.theme = preferred.matches ? 'dark' : 'light'
  for (const section of document.querySelectorAll('section.dataset')) {
    for (const element of section.querySelectorAll('[data-chart]')) {
      const chart = echarts.init(element, null, { renderer: 'svg' })
      drawn.push({ chart, section, name: element.dataset.chart })
      new ResizeObserver(() => chart.resize()).observe(element)
    }
    for (const button of section.querySelectorAll('.switch button')) {
      button.addEventListener('click', () => {
        for (const other of button.parentElement.children) {
          other.setAttribute('aria-pressed', String(other === button))
        }
        draw()
      })
    }
  }
  document
    .getElementById('theme')
    .addEventListener('click', () => setTheme(theme() === 'dark' ? 'light' : 'dark'))
  preferred.addEventListener('change', () => setTheme(preferred.matches ? 'dark' : 'light'))
  draw()
})()

import { render } from 'preact'
import { App } from './app.tsx'
import { followTheme } from './theme.ts'
import './styles/index.css'

followTheme()
const root = document.getElementById('app')
if (root) render(<App />, root)

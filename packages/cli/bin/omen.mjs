#!/usr/bin/env node
// Installing makes a link to this file, when nothing is built yet.
import '../dist/main.js'

import type { Look, Painter } from './painter.ts'

const VERTEX = `#version 300 es
in vec2 a_from;
in vec2 a_to;
in vec4 a_colour;
uniform vec2 u_centre;
uniform vec2 u_scale;
uniform float u_mix;
uniform float u_size;
out vec4 v_colour;
void main() {
  vec2 place = (mix(a_from, a_to, u_mix) - u_centre) * u_scale;
  gl_Position = vec4(place, 0.0, 1.0);
  gl_PointSize = a_colour.a > 0.0 ? u_size : 0.0;
  v_colour = a_colour;
}`

/** A disc, or, where there is a rim, a disc with a rim around it. */
const FRAGMENT = `#version 300 es
precision highp float;
in vec4 v_colour;
uniform float u_opacity;
uniform float u_size;
uniform vec4 u_rim;
out vec4 colour;
void main() {
  float distance = length(gl_PointCoord - 0.5) * u_size;
  float edge = u_size * 0.5;
  float disc = 1.0 - smoothstep(edge - 1.2, edge, distance);
  float rim = u_rim.a * smoothstep(edge - 4.2, edge - 3.0, distance);
  float alpha = disc * v_colour.a * u_opacity;
  colour = vec4(mix(v_colour.rgb, u_rim.rgb, rim) * alpha, alpha);
}`

/**
 * Draws many points by WebGL. The libraries that draw points this way make code out of text while they run, which the
 * policies of strict servers forbid.
 */
export class WebglPainter implements Painter {
  readonly #gl: WebGL2RenderingContext
  readonly #program: WebGLProgram
  readonly #from: WebGLBuffer
  readonly #to: WebGLBuffer
  readonly #colours: WebGLBuffer
  readonly #marked: WebGLBuffer
  readonly #uniforms: Readonly<Record<string, WebGLUniformLocation | null>>
  #points = 0
  #markedPoints = 0

  constructor(gl: WebGL2RenderingContext) {
    this.#gl = gl
    this.#program = programOf(gl)
    this.#from = gl.createBuffer()
    this.#to = gl.createBuffer()
    this.#colours = gl.createBuffer()
    this.#marked = gl.createBuffer()
    const names = ['u_centre', 'u_scale', 'u_mix', 'u_size', 'u_opacity', 'u_rim']
    this.#uniforms = Object.fromEntries(
      names.map((name) => [name, gl.getUniformLocation(this.#program, name)]),
    )
    gl.useProgram(this.#program)
    this.#attribute('a_from', this.#from, 2, gl.FLOAT)
    this.#attribute('a_to', this.#to, 2, gl.FLOAT)
    this.#attribute('a_colour', this.#colours, 4, gl.UNSIGNED_BYTE)
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.#marked)
    gl.enable(gl.BLEND)
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
  }

  place(from: Float32Array, to: Float32Array): void {
    this.#points = to.length / 2
    this.#fill(this.#from, from)
    this.#fill(this.#to, to)
  }

  colour(colours: Uint8Array): void {
    this.#fill(this.#colours, colours)
  }

  mark(points: readonly number[]): void {
    const gl = this.#gl
    this.#markedPoints = points.length
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.#marked)
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, Uint32Array.from(points), gl.DYNAMIC_DRAW)
  }

  draw({ camera, size, density, mix, pointSize, opacity, rim }: Look): void {
    const gl = this.#gl
    const uniforms = this.#uniforms
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight)
    gl.clearColor(0, 0, 0, 0)
    gl.clear(gl.COLOR_BUFFER_BIT)
    gl.uniform2f(uniforms.u_centre ?? null, camera.x, camera.y)
    gl.uniform2f(uniforms.u_scale ?? null, (2 * camera.scale) / size.width, (2 * camera.scale) / size.height)
    gl.uniform1f(uniforms.u_mix ?? null, mix)
    gl.uniform1f(uniforms.u_size ?? null, pointSize * density)
    gl.uniform1f(uniforms.u_opacity ?? null, opacity)
    gl.uniform4f(uniforms.u_rim ?? null, 0, 0, 0, 0)
    gl.drawArrays(gl.POINTS, 0, this.#points)
    if (this.#markedPoints === 0) return
    gl.uniform1f(uniforms.u_size ?? null, (Math.max(pointSize, 5) + 8) * density)
    gl.uniform1f(uniforms.u_opacity ?? null, 1)
    gl.uniform4f(uniforms.u_rim ?? null, rim[0] / 255, rim[1] / 255, rim[2] / 255, 1)
    gl.drawElements(gl.POINTS, this.#markedPoints, gl.UNSIGNED_INT, 0)
  }

  dispose(): void {
    this.#gl.getExtension('WEBGL_lose_context')?.loseContext()
  }

  #fill(buffer: WebGLBuffer, data: Float32Array | Uint8Array): void {
    const gl = this.#gl
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer)
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW)
  }

  #attribute(name: string, buffer: WebGLBuffer, size: number, type: number): void {
    const gl = this.#gl
    const at = gl.getAttribLocation(this.#program, name)
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer)
    gl.enableVertexAttribArray(at)
    gl.vertexAttribPointer(at, size, type, type === gl.UNSIGNED_BYTE, 0, 0)
  }
}

function programOf(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram()
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(type)
    if (!shader) throw new Error('The graphics processor gave up.')
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  if (gl.getProgramParameter(program, gl.LINK_STATUS)) return program
  throw new Error(`The map cannot be drawn: ${gl.getProgramInfoLog(program)}`)
}

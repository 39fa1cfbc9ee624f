// The mesh as glass, and molecules as points in it.

const HOME = { azimuth: -60, elevation: 14, zoom: 1 }; // degrees, as the figures look
const PALETTE = ["#0072b2", "#e69f00", "#661144", "#009e73", "#56b4e9", "#d55e00", "#000000", "#cc79a7"];
const HIDDEN = 255; // the class of what is not drawn
const POINT = 6; // CSS pixels

const MESH_VERTEX = `#version 300 es
in vec3 at; in vec3 normal; in vec4 tint;
uniform mat3 turn; uniform vec3 middle; uniform vec3 scale;
out vec3 n; out vec4 colour;
void main() {
  gl_Position = vec4((turn * (at - middle)) * scale, 1.0);
  n = turn * normal; colour = tint;
}`;
const MESH_FRAGMENT = `#version 300 es
precision highp float;
in vec3 n; in vec4 colour;
uniform float front;
out vec4 seen;
void main() {
  float facing = abs(normalize(n).z);
  float light = 0.62 + 0.38 * facing;
  float rim = pow(1.0 - facing, 2.0);
  float glass = front > 0.5 ? mix(0.16, 0.55, rim) : mix(0.45, 0.7, rim);
  seen = vec4(colour.rgb * light, min(glass + 0.25 * colour.a, 1.0));
}`;
const POINT_VERTEX = `#version 300 es
in uint x; in uint y; in uint z; in uint kind;
uniform mat3 turn; uniform vec3 middle; uniform vec3 scale; uniform vec3 low; uniform float grid; uniform float size;
flat out uint sort;
void main() {
  vec3 p = low + grid * vec3(x, y, z) - middle;
  gl_Position = kind == ${HIDDEN}u ? vec4(2.0, 2.0, 2.0, 1.0) : vec4((turn * p) * scale, 1.0);
  gl_PointSize = size;
  sort = kind;
}`;
const POINT_FRAGMENT = `#version 300 es
precision highp float;
flat in uint sort;
uniform vec3 palette[8];
out vec4 seen;
float mark(uint m, vec2 p) { // below 0 inside
  if (m == 0u) return length(p) - 0.8;
  if (m == 1u) return max(abs(p.x), abs(p.y)) - 0.68;
  if (m == 2u) return max(abs(p.x) * 0.87 + p.y * 0.5, -p.y) - 0.5;
  if (m == 3u) return abs(p.x) + abs(p.y) - 0.95;
  if (m == 4u) return abs(length(p) - 0.6) - 0.24;
  if (m == 5u) return max(min(abs(p.x), abs(p.y)) - 0.28, max(abs(p.x), abs(p.y)) - 0.9);
  if (m == 6u) return max(abs(p.x) * 0.87 - p.y * 0.5, p.y) - 0.5;
  return max(min(abs(p.x + p.y), abs(p.x - p.y)) - 0.4, max(abs(p.x), abs(p.y)) - 0.8);
}
void main() {
  vec2 p = 2.0 * gl_PointCoord - 1.0; p.y = -p.y;
  float d = mark((sort + sort / 8u) % 8u, p); // no two of 64 have both mark and colour in common
  if (d > 0.2) discard;
  vec3 colour = palette[sort % 8u];
  seen = vec4(d > 0.0 ? vec3(1.0) : colour, 1.0); // a pale rim parts marks that overlap
}`;

function program(gl, vertex, fragment) {
  const made = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made) || "shader");
  return { made, uniform: (name) => gl.getUniformLocation(made, name), attribute: (name) => gl.getAttribLocation(made, name) };
}

function rgb(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
}

/** Corners of all triangles with smooth normals, which are kept flat at sharp edges. */
function corners(mesh, at) {
  const vertex = at(mesh.vertex), face = at(mesh.face), kind = at(mesh.kind), inner = at(mesh.inner);
  const flat = new Float32Array(face.length), smooth = new Float32Array(vertex.length);
  for (let f = 0; f < face.length; f += 3) {
    const a = 3 * face[f], b = 3 * face[f + 1], c = 3 * face[f + 2];
    for (let k = 0; k < 3; k++) {
      const p = (k + 1) % 3, q = (k + 2) % 3;
      const n = (vertex[b + p] - vertex[a + p]) * (vertex[c + q] - vertex[a + q])
        - (vertex[b + q] - vertex[a + q]) * (vertex[c + p] - vertex[a + p]);
      flat[f + k] = n;
      smooth[a + k] += n;
      smooth[b + k] += n;
      smooth[c + k] += n;
    }
  }
  unitise(flat);
  unitise(smooth);
  const place = new Float32Array(3 * face.length), normal = new Float32Array(3 * face.length);
  const tint = new Uint8Array(4 * face.length), colours = mesh.kinds.map((one) => rgb(one.colour));
  for (let i = 0; i < face.length; i++) {
    const f = i - (i % 3), v = 3 * face[i];
    const round = flat[f] * smooth[v] + flat[f + 1] * smooth[v + 1] + flat[f + 2] * smooth[v + 2] > 0.7;
    for (let k = 0; k < 3; k++) {
      place[3 * i + k] = vertex[v + k];
      normal[3 * i + k] = round ? smooth[v + k] : flat[f + k];
      tint[4 * i + k] = 255 * colours[kind[f / 3]][k];
    }
    tint[4 * i + 3] = 255 * inner[f / 3];
  }
  return { place, normal, tint, number: face.length };
}

/** Makes vectors of three, one behind another, as long as 1. */
function unitise(vectors) {
  for (let i = 0; i < vectors.length; i += 3) {
    const length = Math.sqrt(vectors[i] ** 2 + vectors[i + 1] ** 2 + vectors[i + 2] ** 2) || 1;
    for (let k = 0; k < 3; k++) vectors[i + k] /= length;
  }
}

/** The ball around the corners of a mesh's box: its middle and radius [um]. */
function ball(vertex) {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < vertex.length; i++) {
    low[i % 3] = Math.min(low[i % 3], vertex[i]);
    high[i % 3] = Math.max(high[i % 3], vertex[i]);
  }
  const middle = low.map((x, k) => 0.5 * (x + high[k]));
  let radius = 0;
  for (let i = 0; i < vertex.length; i += 3) {
    radius = Math.max(radius, Math.hypot(vertex[i] - middle[0], vertex[i + 1] - middle[1], vertex[i + 2] - middle[2]));
  }
  return { middle, radius };
}

/** What draws on a canvas; null where WebGL 2 is missing. */
function makeScene(canvas) {
  const gl = canvas.getContext("webgl2", { antialias: true, alpha: false });
  if (!gl) return null;
  const surface = program(gl, MESH_VERTEX, MESH_FRAGMENT), points = program(gl, POINT_VERTEX, POINT_FRAGMENT);
  const view = { ...HOME };
  let shape = null, clouds = [], held = [], asked = false, drawn = () => {};

  function buffer(values) {
    const made = gl.createBuffer();
    held.push(made);
    gl.bindBuffer(gl.ARRAY_BUFFER, made);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    return made;
  }

  function load(told, at) {
    held.forEach((one) => gl.deleteBuffer(one));
    [shape, ...clouds].forEach((one) => one && gl.deleteVertexArray(one.array));
    held = [];
    const made = corners(told.mesh, at);
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    for (const [name, values, size, type, normalised] of [
      ["at", made.place, 3, gl.FLOAT, false], ["normal", made.normal, 3, gl.FLOAT, false], ["tint", made.tint, 4, gl.UNSIGNED_BYTE, true],
    ]) {
      buffer(values);
      const slot = surface.attribute(name);
      gl.enableVertexAttribArray(slot);
      gl.vertexAttribPointer(slot, size, type, normalised, 0, 0);
    }
    shape = { array, number: made.number, ...ball(at(told.mesh.vertex)) };
    clouds = told.clouds.map((cloud) => {
      const array = gl.createVertexArray();
      gl.bindVertexArray(array);
      ["x", "y", "z"].forEach((name, k) => {
        const values = at(cloud.xyz[k]);
        buffer(values);
        integers(name, values);
      });
      return { array, low: told.low, grid: cloud.step, first: 0, number: 0 };
    });
    gl.bindVertexArray(null);
    ask();
  }

  function integers(name, values) {
    const slot = points.attribute(name);
    const type = { 1: gl.UNSIGNED_BYTE, 2: gl.UNSIGNED_SHORT, 4: gl.UNSIGNED_INT }[values.BYTES_PER_ELEMENT];
    gl.enableVertexAttribArray(slot);
    gl.vertexAttribIPointer(slot, 1, type, 0, 0);
  }

  /** The class of every row of a cloud, one byte each, which its colour and mark are by. */
  function classes(k, values) {
    gl.bindVertexArray(clouds[k].array);
    gl.deleteBuffer(clouds[k].kind);
    clouds[k].kind = buffer(values);
    integers("kind", values);
    gl.bindVertexArray(null);
    ask();
  }

  function turned() {
    const a = (view.azimuth * Math.PI) / 180, e = (view.elevation * Math.PI) / 180;
    const [ca, sa, ce, se] = [Math.cos(a), Math.sin(a), Math.cos(e), Math.sin(e)];
    const right = [-sa, ca, 0], up = [-ca * se, -sa * se, ce], near = [ca * ce, sa * ce, se];
    return [0, 1, 2].flatMap((k) => [right[k], up[k], near[k]]); // columns
  }

  /** CSS pixels to a micrometre. */
  function pixels() {
    return (view.zoom * 0.47 * Math.min(canvas.clientWidth, canvas.clientHeight)) / (shape ? shape.radius : 1);
  }

  function draw() {
    asked = false;
    if (!shape) return;
    const dense = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * dense), height = Math.round(canvas.clientHeight * dense);
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    gl.viewport(0, 0, width, height);
    gl.clearColor(0.984, 0.988, 0.992, 1);
    gl.depthMask(true);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    const scale = [(2 * pixels()) / canvas.clientWidth, (2 * pixels()) / canvas.clientHeight, -0.99 / shape.radius];
    const turn = turned();
    surfaces(turn, scale, gl.FRONT, 0);
    drawPoints(turn, scale, dense);
    surfaces(turn, scale, gl.BACK, 1);
    gl.bindVertexArray(null);
    canvas.dataset.azimuth = view.azimuth.toFixed(3);
    canvas.dataset.elevation = view.elevation.toFixed(3);
    canvas.dataset.pixels = pixels().toFixed(6);
    drawn();
  }

  function placed(of, turn, scale) {
    gl.useProgram(of.made);
    gl.uniformMatrix3fv(of.uniform("turn"), false, turn);
    gl.uniform3fv(of.uniform("middle"), shape.middle);
    gl.uniform3fv(of.uniform("scale"), scale);
  }

  function surfaces(turn, scale, hidden, front) {
    placed(surface, turn, scale);
    gl.uniform1f(surface.uniform("front"), front);
    gl.enable(gl.CULL_FACE);
    gl.cullFace(hidden);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    gl.depthMask(false);
    gl.bindVertexArray(shape.array);
    gl.drawArrays(gl.TRIANGLES, 0, shape.number);
    gl.disable(gl.CULL_FACE);
  }

  function drawPoints(turn, scale, dense) {
    placed(points, turn, scale);
    gl.disable(gl.BLEND);
    gl.depthMask(true);
    gl.uniform3fv(points.uniform("palette"), PALETTE.flatMap(rgb));
    gl.uniform1f(points.uniform("size"), 2 * Math.round(0.5 * POINT * dense * Math.max(1, Math.sqrt(view.zoom))) + 1);
    for (const cloud of clouds) {
      if (!cloud.number) continue;
      gl.uniform3fv(points.uniform("low"), cloud.low);
      gl.uniform1f(points.uniform("grid"), cloud.grid);
      gl.bindVertexArray(cloud.array);
      gl.drawArrays(gl.POINTS, cloud.first, cloud.number);
    }
  }

  function ask() {
    if (!asked) requestAnimationFrame(draw);
    asked = true;
  }

  function look(change) {
    Object.assign(view, change);
    view.azimuth = ((((view.azimuth + 180) % 360) + 360) % 360) - 180;
    view.elevation = Math.min(90, Math.max(-90, view.elevation));
    view.zoom = Math.min(40, Math.max(0.5, view.zoom));
    ask();
  }

  return {
    load, classes, look, ask, pixels,
    view: () => ({ ...view }),
    rows(k, first, number) { Object.assign(clouds[k], { first, number }); ask(); },
    onDraw(call) { drawn = call; },
  };
}

// The page: fills it from what it holds, and lets mouse, fingers and keys turn and play it.

const SVG = "http://www.w3.org/2000/svg";

function byId(id) {
  return document.getElementById(id);
}

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function svg(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const WITHOUT_WEBGL = "This browser draws no WebGL 2 here, so the spine is not shown; everything else is below.";
const TURN = 5; // degrees to a key

const canvas = byId("canvas"), scene = makeScene(canvas);
let drawnCharts = [];
let when = null; // the time [ms] that the 3-D view shows
let loaded = null; // the trial that it shows
const player = makePlayer(scene, (time) => {
  when = time;
  for (const chart of drawnCharts) chart.mark(time);
});

/** Draws the charts that are not drawn yet, one whenever there is nothing else to do. */
function drawRest() {
  const later = window.requestIdleCallback || ((call) => setTimeout(call, 20));
  later(() => {
    const chart = drawnCharts.find((one) => !one.isDrawn());
    if (!chart) return (document.documentElement.dataset.whole = "true");
    chart.draw();
    drawRest();
  });
}

/** Shows a run; may be called again when there is more of it. */
function show(told, at) {
  byId("title").textContent = told.title;
  const state = told.complete ? "" : ", the run is not over";
  byId("state").textContent = `${told.finished} of ${told.trials} trial${told.trials === 1 ? "" : "s"} finished${state}`;
  byId("notes").replaceChildren(...told.notes.map((note) => element("p", { class: "note" }, note)));
  showSpace(told.scene, at);
  showCharts(told, at);
  showCompared(told.compared);
  byId("facts").replaceChildren(...told.facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  byId("tables").replaceChildren(...told.tables.map(tableOf));
  byId("scenario").textContent = told.scenario;
}

function showSpace(told, at) {
  const faults = [told.why, scene ? "" : WITHOUT_WEBGL,
    told.left_out > 1 ? `Of the frames that were recorded, every ${told.left_out}th is shown.` : ""].filter(Boolean);
  byId("why").hidden = faults.length === 0;
  byId("why").textContent = faults.join(" ");
  canvas.parentNode.hidden = !scene;
  byId("canvas-keys").hidden = !scene;
  const regions = told.mesh.kinds.map((kind) => kind.name).join(", ");
  canvas.setAttribute("aria-label", `The surface in 3-D, with ${regions}`);
  byId("patches").replaceChildren("Surface: ", ...told.mesh.kinds.map((kind) => element("span", {},
    svg("svg", { viewBox: "0 0 1 1", "aria-hidden": "true" }, svg("rect", { width: 1, height: 1, fill: kind.colour })), kind.name)));
  if (loaded !== null && loaded === told.trial) return; // what plays goes on
  loaded = told.trial;
  if (scene) scene.load(told, at);
  player.load(told, at);
}

function showCharts(told, at) {
  const kept = new Map(drawnCharts.map((chart) => [chart.node.id, chart.chosen()]));
  const controls = () => drawnCharts.flatMap((chart) => chart.controls.map((one, k) => [`${chart.node.id} ${k}`, one]));
  const focused = controls().find(([, one]) => one === document.activeElement)?.[0];
  drawnCharts = told.charts.map((chart) => makeChart(chart, at, told.facts[0][1]));
  byId("charts").replaceChildren(...drawnCharts.map((chart) => chart.node));
  for (const chart of drawnCharts) {
    chart.mark(when);
    if (kept.get(chart.node.id)) chart.draw(kept.get(chart.node.id));
  }
  controls().find(([name]) => name === focused)?.[1].focus({ preventScroll: true });
  drawRest();
}

function showCompared(told) {
  const there = Boolean(told.verdict || told.table || told.refused.length);
  byId("compared").hidden = !there;
  byId("verdict").textContent = told.verdict;
  byId("refused").replaceChildren(...told.refused.map((line) => element("p", { class: "note" }, line)));
  byId("comparison").hidden = !told.table;
  byId("comparison").lastElementChild.textContent = told.table;
}

function tableOf(told) {
  const head = element("tr", {}, ...told.columns.map((name) => element("th", { scope: "col" }, name)));
  const rows = told.rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell))));
  return element("div", {}, element("h3", {}, told.title),
    element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

function turn(azimuth, elevation) {
  const now = scene.view();
  scene.look({ azimuth: now.azimuth + azimuth, elevation: now.elevation + elevation });
}

function zoom(by) {
  scene.look({ zoom: scene.view().zoom * by });
}

const KEYS = {
  ArrowLeft: () => turn(-TURN, 0), ArrowRight: () => turn(TURN, 0), ArrowUp: () => turn(0, TURN), ArrowDown: () => turn(0, -TURN),
  "+": () => zoom(1.2), "=": () => zoom(1.2), "-": () => zoom(1 / 1.2), Home: () => scene.look(HOME),
  " ": () => player.toggle(), ".": () => player.step(1), ",": () => player.step(-1),
};

function bindCanvas() {
  const fingers = new Map();
  let apart = 0;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    apart = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (fingers.size === 1) return turn(-0.5 * (event.clientX - before[0]), 0.5 * (event.clientY - before[1]));
    const [a, b] = [...fingers.values()], now = Math.hypot(a[0] - b[0], a[1] - b[1]);
    if (apart) zoom(now / apart);
    apart = now;
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => fingers.delete(event.pointerId));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== canvas) return; // the wheel scrolls the page
    event.preventDefault();
    zoom(Math.exp(-0.002 * event.deltaY));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  const buttons = { left: "ArrowLeft", right: "ArrowRight", up: "ArrowUp", down: "ArrowDown", nearer: "+", farther: "-", home: "Home" };
  for (const [id, key] of Object.entries(buttons)) byId(id).addEventListener("click", KEYS[key]);
  new ResizeObserver(() => scene.ask()).observe(canvas);
  scene.onDraw(() => {
    drawBar();
    if (!document.documentElement.dataset.drawn) performance.mark("drawn");
    document.documentElement.dataset.drawn = Number(document.documentElement.dataset.drawn || 0) + 1;
  });
}

/** The scale bar: the longest of 1, 2, 5 times a power of ten that is shorter than a third of the view. */
function drawBar() {
  const most = (0.3 * canvas.clientWidth) / scene.pixels(), power = 10 ** Math.floor(Math.log10(most));
  const length = power * [5, 2, 1].find((m) => m * power <= most);
  byId("bar").style.width = `${length * scene.pixels()}px`;
  byId("bar").firstElementChild.textContent = length < 0.9 ? `${shortly(1000 * length)} nm` : `${shortly(length)} µm`;
}

if (scene) bindCanvas();
new ResizeObserver(() => { for (const chart of drawnCharts) chart.refit(); }).observe(byId("charts"));
window.addEventListener("beforeprint", () => { for (const chart of drawnCharts) chart.refit(); });

/** Asks whether there is more of the run, and shows it, until it is over or nobody answers. */
async function follow(told) {
  let tag = told.tag;
  for (let over = told.complete; !over; ) {
    await new Promise((done) => setTimeout(done, told.live));
    let answer = null;
    try {
      answer = await fetch("data", { headers: { "If-None-Match": tag } });
    } catch {
      return say("spinemc view has stopped: this is how far the run was.");
    }
    if (answer.status === 304) continue;
    if (!answer.ok) {
      say(await answer.text());
      continue;
    }
    const now = await answer.json();
    show(now.told, await unpacked(now.arrays));
    [tag, over] = [now.told.tag, now.told.complete];
  }
}

/** Puts a note above everything else. */
function say(note) {
  byId("notes").replaceChildren(element("p", { class: "note", role: "status" }, note));
}

const begun = JSON.parse(byId("told").textContent);
show(begun, await unpacked(byId("arrays").textContent));
document.documentElement.dataset.ready = "true";
if (begun.live) follow(begun);

// Time: which frame is shown, what is in it, and how it is played.

const WHOLE_RUN = 12; // seconds that all frames take at speed 1
const MARKS = [ // as the shaders draw them, in a box from -1 to 1
  (p) => p.circle(0, 0, 0.8),
  (p) => p.path("M-.68-.68H.68V.68H-.68Z"),
  (p) => p.path("M0-1 .87.5H-.87Z"),
  (p) => p.path("M0-.95.95 0 0 .95-.95 0Z"),
  (p) => p.ring(0, 0, 0.6, 0.48),
  (p) => p.path("M-.28-.9H.28V-.28H.9V.28H.28V.9H-.28V.28H-.9V-.28H-.28Z"),
  (p) => p.path("M0 1 .87-.5H-.87Z"),
  (p) => p.path("M-.8-.8H-.4L0-.4.4-.8H.8V-.4L.4 0 .8.4V.8H.4L0 .4-.4.8H-.8V.4L-.4 0-.8-.4Z"),
];

/** A mark as a small picture. */
function markOf(kind) {
  const colour = PALETTE[kind % 8];
  const picture = svg("svg", { viewBox: "-1.1 -1.1 2.2 2.2", class: "mark", "aria-hidden": "true" });
  const add = (name, attributes) => picture.append(svg(name, { fill: colour, ...attributes }));
  MARKS[(kind + Math.floor(kind / 8)) % 8]({
    circle: (cx, cy, r) => add("circle", { cx, cy, r }),
    ring: (cx, cy, r, width) => add("circle", { cx, cy, r, fill: "none", stroke: colour, "stroke-width": width }),
    path: (d) => add("path", { d }),
  });
  return picture;
}

/** The class of each row: what `map` makes of its number. */
function mapped(numbers, map) {
  const found = new Uint8Array(numbers.length);
  for (let i = 0; i < found.length; i++) found[i] = Math.min(map[numbers[i]], HIDDEN - 1);
  return found;
}

/** What molecules may be coloured by: for each way its classes, and what gives the class of each row of each cloud. */
function colourings(told, at) {
  const by = (label, names, array, of) => ({
    label, names, rows: () => told.clouds.map((cloud) => mapped(at(cloud[array]), of(cloud).map((one) => names.indexOf(one)))),
  });
  const followed = told.clouds.some((cloud) => cloud.followed);
  const found = [by(followed ? "state" : "species", told.states, "holder", (cloud) => cloud.holders.map((one) => one.state))];
  if (followed) {
    const names = (cloud) => cloud.holders.map((one) => one.name);
    found.push(by("what holds it", [...new Set(told.clouds.flatMap(names))], "holder", names));
  }
  if (told.clouds.every((cloud) => cloud.places)) {
    const places = (cloud) => cloud.places;
    found.push(by("compartment", [...new Set(told.clouds.flatMap(places))], "place", places));
  }
  return found;
}

/** The times at which any cloud has a frame [ms], each once, in order. */
function moments(clouds) {
  const all = [...new Set(clouds.flatMap((cloud) => [...cloud.frames]))];
  return all.sort((a, b) => a - b);
}

/** The last frame that is not after a time; -1 before the first. */
function lastBefore(frames, time) {
  let low = 0, high = frames.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (frames[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Shows the molecules of a scene over time. `moved` is called with each time [ms] that is shown. */
function makePlayer(scene, moved) {
  const play = byId("play"), slider = byId("time"), clock = byId("clock"), choice = byId("colour"), speed = byId("speed");
  let clouds = [], times = [], ways = [], rows = [], hidden = new Set(), playing = 0, began = 0, from = 0, what = "";
  let low = [0, 0, 0], trial = null;

  function load(told, at) {
    [low, trial] = [told.low, told.trial];
    const kept = { time: times[slider.valueAsNumber], colour: choice.value };
    clouds = told.clouds.map((cloud) => ({
      ...cloud, frames: at(cloud.frame), begin: begins(at(cloud.size)), at: (name) => cloud[name] && at(cloud[name]), axes: cloud.xyz.map(at),
    }));
    times = moments(clouds);
    ways = colourings(told, at);
    what = clouds.map((cloud) => cloud.species).join(", ") + (told.trial === null ? "" : ` in trial ${told.trial}`);
    slider.max = Math.max(0, times.length - 1);
    choice.replaceChildren(...ways.map((way) => element("option", { value: way.label }, way.label)));
    if (ways.some((way) => way.label === kept.colour)) choice.value = kept.colour;
    byId("moment").hidden = byId("player").hidden = times.length === 0;
    if (times.length) {
      recolour();
      go(Math.max(0, lastBefore(times, kept.time ?? -1)));
    }
  }

  const way = () => ways[Math.max(0, choice.selectedIndex)];

  function recolour() {
    hidden = new Set();
    rows = way().rows();
    byId("classes").replaceChildren(...way().names.map((name, kind) => {
      const box = element("input", { type: "checkbox", checked: "" });
      box.addEventListener("change", () => {
        box.checked ? hidden.delete(kind) : hidden.add(kind);
        paint();
      });
      const row = element("tr", {}, element("td", {}, element("label", {}, box, markOf(kind), name)), element("td", {}, "0"));
      return row;
    }));
    paint();
  }

  function paint() {
    if (!scene) return;
    rows.forEach((all, k) => scene.classes(k, hidden.size ? all.map((kind) => (hidden.has(kind) ? HIDDEN : kind)) : all));
  }

  /** The rows of a cloud at a time. */
  function span(cloud, time) {
    const frame = lastBefore(cloud.frames, time);
    return frame < 0 ? [0, 0] : [cloud.begin[frame], cloud.begin[frame + 1]];
  }

  /** Where the molecules that are shown are. */
  function table() {
    const lines = ['"species","state","held by","compartment","x (µm)","y (µm)","z (µm)"'];
    for (const cloud of clouds) {
      const [first, end] = span(cloud, times[slider.valueAsNumber]), holder = cloud.at("holder"), place = cloud.at("place");
      for (let i = first; i < end; i++) {
        const by = cloud.holders[holder[i]], where = place ? cloud.places[place[i]] : "";
        const at = cloud.axes.map((axis, k) => Number((low[k] + cloud.step * axis[i]).toFixed(6)));
        lines.push([cloud.species, by.state, by.name, where, ...at].join(","));
      }
    }
    return [...lines, ""].join("\n");
  }

  function go(moment) {
    slider.value = moment;
    const time = times[moment], counts = new Uint32Array(way().names.length);
    clouds.forEach((cloud, k) => {
      const [first, end] = span(cloud, time);
      if (scene) scene.rows(k, first, end - first);
      for (let i = first; i < end; i++) counts[rows[k][i]]++;
    });
    const all = counts.reduce((sum, n) => sum + n, 0), told = `${shortly(time)} ms`;
    clock.textContent = told;
    slider.setAttribute("aria-valuetext", `${told}, ${way().names.map((name, i) => `${counts[i]} ${name}`).join(", ")}`);
    byId("now").textContent = `${all} ${what} at ${told}`;
    [...byId("classes").rows].forEach((row, i) => { row.cells[1].textContent = counts[i]; });
    moved(time);
  }

  function step(by) {
    stop();
    go(Math.min(times.length - 1, Math.max(0, slider.valueAsNumber + by)));
  }

  function start() {
    if (times.length < 2) return;
    from = slider.valueAsNumber >= times.length - 1 ? 0 : slider.valueAsNumber;
    began = performance.now();
    playing = requestAnimationFrame(tick);
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
  }

  function stop() {
    cancelAnimationFrame(playing);
    playing = 0;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  }

  function tick(now) {
    const done = ((now - began) / 1000) * Number(speed.value) / WHOLE_RUN;
    const moment = Math.min(times.length - 1, from + Math.floor(Math.max(0, done) * times.length));
    if (moment !== slider.valueAsNumber) go(moment);
    if (moment >= times.length - 1) stop();
    else playing = requestAnimationFrame(tick);
  }

  const toggle = () => (playing ? stop() : start());
  byId("rows").addEventListener("click", () => save(`positions-trial-${trial}-${shortly(times[slider.valueAsNumber])}-ms`, table()));
  play.addEventListener("click", toggle);
  slider.addEventListener("input", () => { stop(); go(slider.valueAsNumber); });
  speed.addEventListener("change", () => { if (playing) { stop(); start(); } });
  choice.addEventListener("change", () => { recolour(); go(slider.valueAsNumber); });
  return { load, toggle, step };
}

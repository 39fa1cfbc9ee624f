// Lines over time: an axis, what is drawn on it, a read-out, and the data as CSV.

const LEFT = 68, RIGHT = 12, TOP = 12, BOTTOM = 42, HEIGHT = 330; // CSS pixels

/** A number in a few digits. */
function shortly(value, digits = 4) {
  if (value === 0) return "0";
  if (Math.abs(value) < 1e5 && Math.abs(value) >= 1e-3) return String(Number(value.toPrecision(digits))).replace("-", "−");
  const [number, power] = value.toExponential(digits - 1).split("e");
  return `${Number(number)}e${Number(power)}`.replaceAll("-", "−");
}

/** Round numbers, five or so, within a range. */
function ticks(low, high, about) {
  const rough = (high - low) / about, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= rough * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  return found;
}

/** Values of a line in its view's unit: one array a trial. */
function seriesOf(line, view, at, samples) {
  const scaled = (told) => {
    const found = new Float64Array(at(told));
    for (let i = 0; i < found.length; i++) found[i] *= view.factor;
    return found;
  };
  if (line.role === "level") return [{ name: line.name, y: new Float64Array(samples).fill(line.value) }];
  if (line.role === "band") return [{ name: `${line.name}, low`, y: scaled(line.low) }, { name: `${line.name}, high`, y: scaled(line.high) }];
  const y = scaled(line.y);
  if (line.role !== "trials") return [{ name: line.name, y }];
  return line.numbers.map((number, k) => ({ name: `trial ${number}`, y: y.subarray(k * samples, (k + 1) * samples) }));
}

/** The path of a line; of many samples, what spans each pixel; gaps where a number is missing are bridged. */
function pathOf(x, y, toX, toY) {
  const parts = [];
  const dense = x.length > 2.5 * (toX(x[x.length - 1]) - toX(x[0]));
  let column = null, low = 0, high = 0;
  const put = (px, py) => parts.push(`${parts.length ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`);
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(y[i])) continue;
    const px = toX(x[i]), py = toY(y[i]);
    if (!dense) { put(px, py); continue; }
    if (column !== Math.round(px)) {
      if (column !== null && low !== high) { put(column, low); put(column, high); }
      column = Math.round(px);
      low = high = py;
      put(column, py);
    }
    low = Math.min(low, py);
    high = Math.max(high, py);
  }
  return parts.join("");
}

/** A chart of a page: where it is, and what moves the time that it marks. */
function makeChart(chart, at, store) {
  const time = at(chart.time), samples = time.length;
  const groups = [...new Set(chart.views.map((view) => view.name))];
  const name = element("select", { "aria-label": `${chart.title}: series` });
  const grouped = new Map();
  for (const label of groups) {
    const group = chart.views.find((view) => view.name === label).group;
    if (!grouped.has(group)) grouped.set(group, element("optgroup", { label: group }));
    grouped.get(group).append(element("option", { value: label }, label));
  }
  name.append(...grouped.values());
  const quantity = element("select", { "aria-label": `${chart.title}: quantity` });
  const csv = element("button", { type: "button" }, "CSV");
  csv.setAttribute("aria-label", `${chart.title}: download what is drawn as CSV`);
  const plot = svg("svg", { tabindex: "0", role: "img" });
  const keys = element("ul", { class: "keys" });
  const read = element("p", { class: "quiet", "aria-live": "polite" });
  const node = element("section", { id: `chart-${chart.key}`, "aria-labelledby": `chart-${chart.key}-title` },
    element("h2", { id: `chart-${chart.key}-title` }, chart.title),
    element("p", { class: "about" }, chart.about),
    element("div", { class: "chosen" }, element("label", { class: "field" }, "Show ", name), quantity, csv),
    element("figure", { class: "chart" }, plot, keys, read));
  let view = null, lines = [], width = 0, sample = null, toX = null, toY = null, looked = null, marked = null, pointer = null, wanted = null;

  function choose() {
    const offered = chart.views.filter((one) => one.name === name.value);
    const kept = quantity.value;
    quantity.replaceChildren(...offered.map((one) => element("option", { value: one.quantity }, one.quantity)));
    if (offered.some((one) => one.quantity === kept)) quantity.value = kept;
    quantity.hidden = offered.length < 2;
    view = offered.find((one) => one.quantity === quantity.value);
    lines = view.lines.map((line) => ({
      ...line, series: seriesOf(line, view, at, samples),
      style: line.role === "twin" ? `twin ${line.level}`
        : line.role === "trials" && line.numbers.length === 1 ? "trials alone" : line.role,
    }));
    draw();
  }

  const widthNow = () => Math.max(280, plot.parentNode.clientWidth || 900);
  const unit = () => (view.unit === "1" ? "" : ` (${view.unit})`);

  function draw() {
    width = widthNow();
    let low = Infinity, high = -Infinity;
    for (const line of lines) {
      for (const { y } of line.series) for (const v of y) if (Number.isFinite(v)) { low = Math.min(low, v); high = Math.max(high, v); }
    }
    if (!(high > low)) [low, high] = Number.isFinite(low) ? [Math.min(0, low - 1), Math.max(1, high + 1)] : [0, 1];
    if (lines.every((line) => line.role === "band" || line.series.every(({ y }) => !y.some((v) => v < 0)))) low = 0;
    const room = 0.04 * (high - low);
    [low, high] = [low === 0 ? 0 : low - room, high + room];
    const [t0, t1] = [time[0], time[samples - 1]];
    toX = (t) => LEFT + ((t - t0) / (t1 - t0 || 1)) * (width - LEFT - RIGHT);
    toY = (v) => HEIGHT - BOTTOM - ((v - low) / (high - low)) * (HEIGHT - BOTTOM - TOP);
    plot.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const parts = [];
    for (const v of ticks(low, high, 5)) {
      parts.push(svg("path", { class: "grid", d: `M${LEFT} ${toY(v)}H${width - RIGHT}` }));
      parts.push(svg("text", { x: LEFT - 7, y: toY(v) + 4, "text-anchor": "end" }, shortly(v)));
    }
    for (const t of ticks(t0, t1, width < 500 ? 4 : 8)) {
      parts.push(svg("path", { class: "axis", d: `M${toX(t)} ${HEIGHT - BOTTOM}v5` }));
      parts.push(svg("text", { x: toX(t), y: HEIGHT - BOTTOM + 19, "text-anchor": "middle" }, shortly(t)));
    }
    parts.push(svg("path", { class: "axis", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${width - RIGHT}` }));
    parts.push(svg("text", { x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, "time (ms)"));
    const middle = (TOP + HEIGHT - BOTTOM) / 2;
    parts.push(svg("text", { x: 13, y: middle, "text-anchor": "middle", transform: `rotate(-90 13 ${middle})` }, `${view.label}${unit()}`));
    const clip = `clip-${chart.key}`;
    const inner = svg("g", { "clip-path": `url(#${clip})` });
    parts.push(svg("clipPath", { id: clip }, svg("rect", { x: LEFT, y: TOP - 2, width: width - LEFT - RIGHT, height: HEIGHT - BOTTOM - TOP + 2 })), inner);
    for (const line of lines) inner.append(...drawn(line));
    marked = svg("path", { class: "shown", d: "" });
    looked = svg("path", { class: "read", d: "" });
    inner.append(marked, looked);
    plot.replaceChildren(svg("title", {}, spoken()), ...parts);
    const beside = { style: "shown", role: "shown" };
    pointer = element("li", {}, swatch(beside), "time in the 3-D view");
    keys.replaceChildren(...lines.map((line) => element("li", {}, swatch(line), line.name, element("b", {}))), pointer);
    mark(wanted);
    if (sample !== null) lookAt(sample);
  }

  function drawn(line) {
    if (line.role === "band") {
      const [low, high] = line.series.map(({ y }) => y);
      const there = [...time.keys()].filter((i) => Number.isFinite(low[i]) && Number.isFinite(high[i]));
      const back = there.slice().reverse();
      const over = (of, y) => pathOf(of.map((i) => time[i]), of.map((i) => y[i]), toX, toY);
      return there.length ? [svg("path", { class: line.style, d: `${over(there, high)}${over(back, low).replace("M", "L")}Z` })] : [];
    }
    if (line.role === "trials") {
      const d = line.series.map(({ y }) => pathOf(time, y, toX, toY)).join("");
      const faint = Math.min(0.9, Math.max(0.25, 20 / line.series.length));
      return [svg("path", { class: line.style, d, "stroke-opacity": faint })];
    }
    return line.series.map(({ y }) => svg("path", { class: line.style, d: pathOf(time, y, toX, toY) }));
  }

  function swatch(line) {
    const d = line.role === "band" ? "M0 1H32V11H0Z" : line.role === "shown" ? "M16 0V12" : "M0 6H32";
    return svg("svg", { viewBox: "0 0 32 12", "aria-hidden": "true" }, svg("path", { class: line.style, d }));
  }

  /** The chart in words. */
  function spoken() {
    const main = lines.find((line) => line.role === "mean") || lines.find((line) => line.role === "trials");
    const y = main.series[0].y;
    let top = 0;
    for (let i = 0; i < samples; i++) if (!(y[i] <= y[top])) top = i;
    const say = (v) => (Number.isFinite(v) ? shortly(v) : "nothing");
    return `${view.name}, ${view.label}${unit()} over ${shortly(time[0])} to ${shortly(time[samples - 1])} ms. ${main.name}: ` +
      `${say(y[0])} at the beginning, at most ${say(y[top])} at ${shortly(time[top])} ms, ${say(y[samples - 1])} at the end.`;
  }

  /** Reads every line off at a sample. */
  function lookAt(i) {
    const k = Math.min(samples - 1, Math.max(0, i));
    sample = k;
    looked.setAttribute("d", `M${toX(time[k])} ${TOP}V${HEIGHT - BOTTOM}`);
    const values = lines.map((line) => line.series.map(({ y }) => y[k]).filter(Number.isFinite));
    [...keys.querySelectorAll("b")].forEach((b, j) => {
      const all = values[j], ends = all.length ? [Math.min(...all), Math.max(...all)].map((v) => shortly(v, 3)) : [];
      b.textContent = all.length === 0 ? "–" : ends[0] === ends[1] ? ends[0] : `${ends[0]} to ${ends[1]}`;
    });
    read.textContent = `at ${shortly(time[k])} ms${view.unit === "1" ? "" : `, in ${view.unit}`}`;
  }

  /** Marks the time [ms] that the 3-D view shows. */
  function mark(when) {
    wanted = when;
    if (!marked) return;
    pointer.hidden = when === null;
    if (when !== null) marked.setAttribute("d", `M${toX(when)} ${TOP}V${HEIGHT - BOTTOM}`);
  }

  function table() {
    const columns = lines.flatMap((line) => line.series);
    const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
    const head = ["time (ms)", ...columns.map((one) => `${one.name}${unit()}`)].map(quoted).join(",");
    const rows = Array.from(time, (t, i) => [t, ...columns.map((one) => one.y[i])]
      .map((v) => (Number.isFinite(v) ? Number(v.toPrecision(7)) : "")).join(","));
    return [head, ...rows, ""].join("\n");
  }

  name.addEventListener("change", choose);
  quantity.addEventListener("change", choose);
  csv.addEventListener("click", () => save(`${store}-${chart.key}-${view.name}-${view.quantity}`, table()));
  const nearest = (event) => {
    const box = plot.getBoundingClientRect();
    const t = time[0] + ((event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT)) * (time[samples - 1] - time[0]);
    const k = Math.max(0, lastBefore(time, t));
    return k + 1 < samples && time[k + 1] - t < t - time[k] ? k + 1 : k;
  };
  plot.addEventListener("pointermove", (event) => lookAt(nearest(event)));
  plot.addEventListener("pointerdown", (event) => lookAt(nearest(event)));
  plot.addEventListener("keydown", (event) => {
    const now = sample ?? 0, far = Math.ceil(samples / 20);
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, PageDown: now - far, PageUp: now + far, Home: 0, End: samples - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    lookAt(to);
  });

  /** Draws the chart, as another was that it takes the place of. */
  function begin(kept = null) {
    if (kept && groups.includes(kept.name)) {
      name.value = kept.name;
      quantity.append(element("option", { value: kept.quantity }, kept.quantity));
      sample = kept.sample;
    }
    choose();
  }

  return {
    node, mark, draw: begin, controls: [name, quantity, csv, plot], isDrawn: () => view !== null,
    refit: () => { if (view && width !== widthNow()) draw(); },
    chosen: () => (view ? { name: name.value, quantity: quantity.value, sample } : null),
  };
}

/** Hands a text to the browser as a file. */
function save(name, text) {
  const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: `${name.replace(/[^\w.-]+/g, "_")}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

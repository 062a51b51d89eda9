/* Draws the plots of the page: two panels over one line of floats, the output above, the gradients below.

   The numbers come from the JSON beside this script; texts of the user's are written as text, never as markup, and none
   is handed to plotly. A plot is drawn when it comes into view. */
"use strict";
(() => {
  const plots = JSON.parse(document.getElementById("plots").textContent);
  const NAMES = {
    true_gradient: "true gradient", autodiff: "autodiff gradient", custom: "custom gradient", against: "gradient against",
    true_output: "true output", output: "output",
  };
  const PANELS = { gradient: ["true_gradient", "autodiff", "custom", "against"], output: ["true_output", "output"] };
  const LANES = { autodiff: 0.05, custom: 0.11, against: 0.17, output: 0.07 };
  const NON_FINITE = { nan: ["x-thin", "low"], inf: ["triangle-up", "high"], "-inf": ["triangle-down", "low"] };
  const GAP = 58; /* pixels between two labels of the axis */
  const LINEAR = 10; /* values up to which a panel is not logarithmic */

  const number = (v) => v === "nan" ? NaN : v === "inf" ? Infinity : v === "-inf" ? -Infinity : v;
  const text = (v) => v === null ? "none" : typeof v === "string" ? v : Object.is(v, -0) ? "-0" : String(v).replace("e+", "e");
  const symlog = (v) => Math.sign(v) * Math.log10(1 + Math.abs(v));
  const unsymlog = (t) => Math.sign(t) * (10 ** Math.abs(t) - 1);

  /* Ordinals: the position of a float on the line of all floats of its format. */
  function ordinal(v, { mantissa, exponent }) {
    const a = Math.abs(v), e = a === 0 ? -Infinity : Math.floor(Math.log2(a));
    const steps = 2 ** mantissa;
    const u = e < exponent ? a / 2 ** (exponent - mantissa) : (e - exponent + 1) * steps + (a / 2 ** e - 1) * steps;
    return v < 0 ? -u - 1 : u;
  }
  function value(u, { mantissa, exponent }) {
    const a = u < 0 ? -u - 1 : u, steps = 2 ** mantissa, e = Math.floor(a / steps);
    const v = e < 1 ? a * 2 ** (exponent - mantissa) : (1 + a / steps - e) * 2 ** (e - 1 + exponent);
    return u < 0 ? -v : v;
  }

  /* Labels between two places: multiples of a round step where the axis is nearly linear, else powers of ten, those that
     are most wanted first. */
  function ticks([lo, hi], pixels, forward, back, gap, first = []) {
    const from = back(lo), to = back(hi), apart = (a, b) => Math.abs(a - b) / (hi - lo) * pixels >= gap;
    const bend = (part) => Math.abs((forward(from * (1 - part) + to * part) - lo) / (hi - lo) - part);
    let kept = [];
    if (Math.max(bend(0.25), bend(0.5), bend(0.75)) < 0.15)
      kept = multiples(from, to).map((all) => all.map((v) => [forward(v), v])).find((all) => all.every(([at], i) => !i || apart(at, all[i - 1][0]))) || [];
    if (kept.length < 2) {
      for (const v of [...first, ...powers(from, to)]) {
        const at = forward(v);
        if (at >= lo && at <= hi && kept.every(([other]) => apart(at, other))) kept.push([at, v]);
      }
      kept.sort((a, b) => a[0] - b[0]);
    }
    return { tickmode: "array", tickvals: kept.map((k) => k[0]), ticktext: kept.map((k) => label(k[1])) };
  }
  function multiples(from, to) {
    const unit = Math.floor(Math.log10((to - from) / 10));
    return [1, 2, 5, 10, 20, 50].map((by) => {
      const found = [], first = Math.ceil(from / by / 10 ** unit), last = Math.floor(to / by / 10 ** unit);
      for (let k = first; k <= last && k - first < 200; k++) found.push(Number(`${k * by}e${unit}`));
      return found;
    });
  }
  function powers(from, to) {
    const found = [0, 1, -1];
    for (const by of [10, 100, 1000, 5, 2, 1])
      for (let e = by; e <= 330; e += by)
        for (const k of [e, -e]) found.push(Number(`1e${k}`), Number(`-1e${k}`));
    for (const d of [5, 2]) for (let e = -12; e <= 12; e++) found.push(Number(`${d}e${e}`), Number(`-${d}e${e}`));
    return found.filter((v) => Number.isFinite(v) && (v !== 0 || from <= 0 && to >= 0));
  }
  function label(v) {
    const a = Math.abs(v), short = Number(v.toPrecision(a > 1e30 ? 2 : 6));
    return (a >= 1e5 || a > 0 && a < 1e-3 ? (Number.isFinite(short) ? short : v).toExponential() : text(Number(v.toPrecision(9)))).replace("e+", "e");
  }

  class Plot {
    constructor(figure) {
      this.figure = figure;
      this.data = plots[Number(figure.dataset.plot)];
      this.canvas = figure.querySelector(".canvas");
      this.axis = "ordinal";
      this.range = null;
      this.x = this.data.columns.x;
      this.columns = {};
      for (const [name, values] of Object.entries(this.data.columns))
        if (values && name !== "x") this.columns[name] = values.map(number);
      this.linear = {};
      for (const [panel, names] of Object.entries(PANELS)) this.linear[panel] = this.largest(names) <= LINEAR;
      for (const button of figure.querySelectorAll("[data-axis]"))
        button.addEventListener("click", () => this.switchAxis(button.dataset.axis));
      this.whole = figure.querySelector("[data-whole]");
      this.whole.addEventListener("click", () => this.show(null));
      this.tell(null);
    }
    largest(names) {
      let size = 0;
      for (const name of names) for (const v of this.columns[name] || []) if (Number.isFinite(v)) size = Math.max(size, Math.abs(v));
      return size;
    }
    /* Where an ordinal stands on the axis that is chosen, and back. */
    place(u) { return this.axis === "ordinal" ? u : symlog(value(u, this.data.format)); }
    forward(v) { return this.axis === "ordinal" ? ordinal(v, this.data.format) : symlog(v); }
    back(t) { return this.axis === "ordinal" ? value(t, this.data.format) : unsymlog(t); }
    height(panel, v) { return this.linear[panel] ? v : symlog(v); }
    full() {
      const [lo, hi] = this.data.ends.map((u) => this.place(u)), pad = (hi - lo || 1) * 0.01;
      return [lo - pad, hi + pad];
    }
    traces() {
      const c = colours(), at = this.data.ordinals.map((u) => this.place(u)), found = [];
      for (const [panel, names] of Object.entries(PANELS))
        for (const name of names) {
          const values = this.columns[name];
          if (!values) continue;
          const truth = name.startsWith("true"), y = values.map((v) => Number.isFinite(v) ? this.height(panel, v) : null);
          found.push({
            x: at, y, name: NAMES[name], legendgroup: name, yaxis: panel === "gradient" ? "y" : "y2",
            mode: truth ? "lines" : "lines+markers", marker: { size: 3 }, connectgaps: truth && this.data.sparse,
            line: { color: truth ? c.true : c[name], width: truth ? 6 : 1.5, dash: name === "autodiff" && this.columns.custom ? "dot" : "solid" },
            opacity: truth ? 0.55 : 1, hoverinfo: "none", customdata: values.map((_, i) => i),
          });
          if (truth) continue;
          for (const [word, [symbol, side]] of Object.entries(NON_FINITE)) {
            const odd = values.map((v, i) => text(Number.isNaN(v) ? "nan" : v) === (word === "nan" ? "nan" : word === "inf" ? "Infinity" : "-Infinity") ? i : -1).filter((i) => i >= 0);
            if (odd.length) found.push({
              x: odd.map((i) => at[i]), y: odd.map(() => side === "high" ? 1 - LANES[name] : LANES[name]),
              legendgroup: name, showlegend: false, yaxis: panel === "gradient" ? "y3" : "y4", mode: "markers",
              marker: { symbol, size: 7, color: c[name], line: { color: c[name], width: 1.5 } }, hoverinfo: "none", customdata: odd,
            });
          }
        }
      return found;
    }
    shapes() {
      const c = colours(), [from, to] = this.view();
      return this.data.bands.map(([lo, hi, panel, kind]) => {
        const x0 = this.place(lo), x1 = this.place(hi), narrow = (x1 - x0) / (to - from) * this.canvas.clientWidth < 2;
        return {
          type: "rect", layer: "below", xref: "x", yref: panel === "gradient" ? "y3" : "y4", y0: 0, y1: 1,
          x0, x1, fillcolor: c[kind], line: { width: narrow ? 1 : 0, color: c[kind] },
        };
      });
    }
    /* The range of a panel's values where they are in view, with room for what is not finite. */
    heights(panel) {
      const [lo, hi] = this.view(), at = this.data.ordinals.map((u) => this.place(u));
      let low = Infinity, high = -Infinity, odd = false;
      for (const name of PANELS[panel])
        (this.columns[name] || []).forEach((v, i) => {
          const near = at[i] >= lo && at[i] <= hi || at[i + 1] >= lo && at[i] < lo || at[i - 1] <= hi && at[i] > hi;
          if (v === null || !near) return;
          if (!Number.isFinite(v)) { odd ||= !name.startsWith("true"); return; }
          const y = this.height(panel, v);
          low = Math.min(low, y); high = Math.max(high, y);
        });
      if (low > high) [low, high] = [-1, 1];
      if (high - low < 1e-9 * Math.max(1, Math.abs(high))) { const d = Math.abs(high) * 0.5 || 1; low -= d; high += d; }
      const pad = (high - low) * (odd ? 0.22 : 0.08), slack = (high - low) * 0.01;
      return { range: [low - pad, high + pad], seen: [low - slack, high + slack], size: (high - low) / (high - low + 2 * pad) };
    }
    view() { return this.range || this.full(); }
    axes() {
      const c = colours(), view = this.view(), width = this.canvas.clientWidth - 70, panelHeight = this.canvas.clientHeight * 0.4;
      const common = { gridcolor: c.grid, zeroline: false, linecolor: c.line, color: c.dim, fixedrange: true, automargin: false };
      const panel = (name, domain, title) => {
        const { range, seen, size } = this.heights(name), same = (v) => v;
        return {
          ...common, domain, range, automargin: true, title: { text: title, standoff: 6 },
          ...ticks(seen, panelHeight * size, (v) => this.height(name, v), this.linear[name] ? same : unsymlog, 24),
        };
      };
      const overlay = { range: [0, 1], fixedrange: true, visible: false };
      return {
        xaxis: {
          ...common, fixedrange: false, range: view, anchor: "y", showspikes: true, spikemode: "across", spikethickness: 1, spikedash: "solid",
          spikecolor: c.dim, spikesnap: "hovered data", ...ticks(view, width, (v) => this.forward(v), (t) => this.back(t), GAP, this.range ? [] : [this.x[0], this.x.at(-1)]),
        },
        yaxis: panel("gradient", [0, 0.5], "gradient"), yaxis2: panel("output", [0.56, 1], "output"),
        yaxis3: { ...overlay, overlaying: "y" }, yaxis4: { ...overlay, overlaying: "y2" },
      };
    }
    layout() {
      const c = colours();
      return {
        ...this.axes(), shapes: this.shapes(), paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
        font: { color: c.text, size: 12, family: "system-ui, sans-serif" }, margin: { l: 62, r: 8, t: 8, b: 28 },
        legend: { uirevision: "kept", orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { color: c.text } }, hovermode: "x",
        dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      };
    }
    draw() {
      Plotly.react(this.canvas, this.traces(), this.layout(), { displayModeBar: false, doubleClick: false, responsive: true });
      if (this.drawn) return;
      this.drawn = true;
      this.canvas.on("plotly_hover", (event) => this.tell(event.points[0].customdata));
      this.canvas.on("plotly_click", (event) => this.tell(event.points[0].customdata));
      this.canvas.on("plotly_doubleclick", () => this.show(null));
      this.canvas.on("plotly_relayout", (change) => {
        if (change["xaxis.range[0]"] !== undefined) this.zoom([change["xaxis.range[0]"], change["xaxis.range[1]"]]);
      });
    }
    zoom(range) {
      this.range = range;
      this.whole.hidden = range === null;
      this.draw();
    }
    /* Zoom to the floats from one ordinal to another, with a margin. */
    show(ends) {
      if (ends === null) return this.zoom(null);
      const [lo, hi] = ends, margin = Math.max((hi - lo) * 0.12, 4), [first, last] = this.data.ends;
      const near = [Math.max(lo - margin, first - (last - first) * 0.01), Math.min(hi + margin, last + (last - first) * 0.01)];
      const [a, b] = near.map((u) => this.place(Math.min(Math.max(u, first), last)));
      const pad = (b - a) * 0.02 || Math.abs(a) * 1e-6 || 1e-6;
      this.zoom([a - pad, b + pad]);
    }
    switchAxis(axis) {
      const ends = this.range && this.range.map((t) => ordinal(this.back(t), this.data.format));
      this.axis = axis;
      this.range = ends && ends.map((u) => this.place(u));
      for (const button of this.figure.querySelectorAll("[data-axis]")) button.setAttribute("aria-pressed", String(button.dataset.axis === axis));
      this.draw();
    }
    /* The exact numbers at a point; of none, what to do. */
    tell(i) {
      const box = this.figure.querySelector(".readout");
      box.textContent = "";
      const add = (name, shown, colour) => {
        const part = document.createElement("span"), bold = document.createElement("b");
        part.textContent = `${name} `;
        bold.textContent = shown;
        if (colour) part.style.color = colour;
        part.append(bold);
        box.append(part);
      };
      if (i === null) { box.textContent = "point at the plot for the exact numbers"; return; }
      add(this.data.input, `${text(this.x[i])} (${this.data.hex[i]})`);
      for (const name of ["output", "true_output", "autodiff", "custom", "against", "true_gradient"])
        if (this.columns[name]) add(NAMES[name], text(this.data.columns[name][i]), colours()[name.startsWith("true") ? "dim" : name]);
    }
  }

  let theme = null;
  function colours() {
    if (!theme) {
      const style = getComputedStyle(document.documentElement);
      theme = {};
      for (const name of ["text", "dim", "line", "grid", "autodiff", "custom", "against", "output", "true", "bad", "wrong", "undefined", "other"])
        theme[name] = style.getPropertyValue(`--${name}`).trim();
    }
    return theme;
  }

  const all = [...document.querySelectorAll("figure.plot")].map((figure) => new Plot(figure));
  const again = () => { theme = null; for (const plot of all) if (plot.drawn) plot.draw(); };
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { seen.unobserve(entry.target); all.find((p) => p.figure === entry.target).draw(); }
  }, { rootMargin: "400px" });
  for (const plot of all) seen.observe(plot.figure);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  const printing = () => { theme = null; for (const plot of all) { plot.draw(); Plotly.Plots.resize(plot.canvas); } };
  addEventListener("beforeprint", printing);
  addEventListener("afterprint", printing);
  matchMedia("print").addEventListener("change", printing);
  addEventListener("resize", () => requestAnimationFrame(again));

  for (const part of document.querySelectorAll("[data-show]")) {
    const show = () => {
      const plot = all.find((p) => p.figure.dataset.plot === part.dataset.show);
      plot.show([Number(part.dataset.lo), Number(part.dataset.hi)]);
      const box = plot.figure.getBoundingClientRect();
      if (box.top < 0 || box.top > innerHeight * 0.6) plot.figure.scrollIntoView({ behavior: "smooth", block: "start" });
    };
    part.addEventListener("click", show);
    part.addEventListener("keydown", (event) => { if (event.key === "Enter" && part.tagName === "TR") show(); });
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.parentElement.querySelector("pre").textContent);
      button.textContent = "copied";
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    });
  }
})();

// Charts from the API's columns, their tables, and the word that the connection is lost. No framework.
"use strict";

(() => {
  const root = document.documentElement;
  const locale = root.lang === "da" ? "da-DK" : "en-GB";
  const zone = root.dataset.tz;
  const REFRESH_MS = 60000;
  const charts = [];
  const answers = new Map();

  const colour = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();
  const time = (options) => new Intl.DateTimeFormat(locale, { timeZone: zone, ...options });
  const clock = time({ hour: "2-digit", minute: "2-digit" });
  const day = time({ day: "numeric", month: "short" });
  const full = time({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const number = (digits) => new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });

  // One request serves every chart of the same address.
  const fetched = (src) => {
    const held = answers.get(src);
    if (held && Date.now() - held.at < REFRESH_MS / 2) return held.answer;
    const answer = fetch(src, { headers: { Accept: "application/json" } }).then((got) => {
      if (!got.ok) throw new Error(`${got.status}`);
      return got.json();
    });
    answers.set(src, { at: Date.now(), answer });
    answer.catch(() => answers.delete(src));
    return answer;
  };

  const variable = (plot, name) => getComputedStyle(plot.closest(".chart")).getPropertyValue(name).trim();

  const options = (chart, seconds) => {
    const { plot, labels, digits, steps } = chart;
    const grid = { stroke: colour("--line"), width: 1 };
    const axis = { stroke: colour("--soft"), font: "13px system-ui, sans-serif", ticks: { show: false } };
    const long = seconds > 2 * 86400;
    const room = chart.data[0].length > 1 ? (chart.data[0][1] - chart.data[0][0]) / 2 : 43200;
    return {
      width: plot.clientWidth,
      height: plot.clientHeight,
      tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), zone),
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      legend: { show: false },
      // Bars stand around their moment: the first and the last one need room, too.
      scales: { x: { time: true, range: (u, low, high) => (steps ? [low - room, high + room] : [low, high]) }, y: { range: (u, low, high) => [Math.min(0, low ?? 0), (high || 1) * 1.08] } },
      axes: [
        { ...axis, grid: { show: false }, space: long ? 70 : 55,
          values: (u, splits) => splits.map((at) => (long ? day : clock).format(new Date(at * 1e3))) },
        { ...axis, grid, size: (u, values) => 14 + 7.5 * Math.max(...(values || [""]).map((text) => text.length), 2),
          values: (u, splits) => splits.map((value) => number(value % 1 ? 1 : 0).format(value)) },
      ],
      series: [
        {},
        ...labels.map((label, i) => {
          const stroke = variable(plot, `--series-${i + 1}`);
          return {
            label, stroke, width: 2, spanGaps: false, points: { show: false },
            fill: labels.length === 1 ? `${stroke}${steps ? "cc" : "1f"}` : undefined,
            paths: steps ? uPlot.paths.bars({ size: [0.8, 40] }) : uPlot.paths.linear(),
          };
        }),
      ],
      hooks: { setCursor: [(u) => legend(chart, u.cursor.idx)] },
    };
  };

  const legend = (chart, at) => {
    const { data, labels, units, digits, box } = chart;
    box.textContent = "";
    labels.forEach((label, i) => {
      const value = at === null || at === undefined ? null : data[i + 1][at];
      const key = document.createElement("span");
      key.className = "key";
      key.textContent = value === null || value === undefined ? (units ? `${label} [${units}]` : label) : `${label} ${number(digits).format(value)}\u00a0${units}`.trim();
      box.append(key);
    });
    if (at !== null && at !== undefined) {
      const when = document.createElement("span");
      when.textContent = full.format(new Date(data[0][at] * 1e3));
      box.append(when);
    }
  };

  const table = (chart) => {
    const { data, labels, units, digits, section } = chart;
    const holder = section.querySelector("[data-table] > div");
    const made = document.createElement("table");
    const head = made.createTHead().insertRow();
    ["", ...labels].forEach((label, i) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = i && units ? `${label} [${units}]` : label;
      head.append(cell);
    });
    const body = made.createTBody();
    data[0].forEach((at, row) => {
      const line = body.insertRow();
      const when = document.createElement("th");
      when.scope = "row";
      when.textContent = full.format(new Date(at * 1e3));
      line.append(when);
      labels.forEach((_, i) => {
        const value = data[i + 1][row];
        line.insertCell().textContent = value === null ? "–" : number(digits).format(value);
      });
    });
    holder.replaceChildren(made);
  };

  const draw = (chart) => {
    chart.drawn?.destroy();
    chart.plot.textContent = "";
    const [at] = chart.data;
    chart.drawn = new uPlot(options(chart, at[at.length - 1] - at[0]), chart.data, chart.plot);
    legend(chart, null);
  };

  const load = async (chart) => {
    const { plot, section, names } = chart;
    try {
      const { columns } = await fetched(plot.dataset.src);
      const at = columns.t.map((text) => Date.parse(text) / 1e3);
      const known = names.map((name) => columns[name] ?? at.map(() => null));
      const none = known.every((column) => column.every((value) => value === null));
      chart.data = [at, ...known];
      show(section, none ? "none" : "plot");
      if (none) return;
      draw(chart);
      if (section.querySelector("[data-table]").open) table(chart);
    } catch {
      if (!chart.data) show(section, "failed");
    }
  };

  const show = (section, which) => {
    section.querySelector(".plot").hidden = which !== "plot";
    section.querySelector("[data-none]").hidden = which !== "none";
    section.querySelector("[data-failed]").hidden = which !== "failed";
  };

  for (const plot of document.querySelectorAll(".plot[data-src]")) {
    const section = plot.closest(".chart");
    const chart = {
      plot, section, box: section.querySelector("[data-legend]"),
      names: plot.dataset.columns.split(","), labels: plot.dataset.labels.split(","),
      units: plot.dataset.units, digits: Number(plot.dataset.digits), steps: plot.dataset.steps,
    };
    charts.push(chart);
    section.querySelector("[data-table]").addEventListener("toggle", (event) => {
      if (event.target.open && chart.data) table(chart);
    });
    load(chart);
  }

  const redraw = () => charts.filter((chart) => chart.drawn && !chart.plot.hidden).forEach(draw);
  let waiting;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(redraw, 150);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  setInterval(() => document.hidden || charts.forEach(load), REFRESH_MS);

  const lost = document.getElementById("lost");
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.body.addEventListener(name, () => { lost.hidden = false; });
  }
  document.body.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.xhr.status < 400) lost.hidden = true;
  });

  // The platform says over one stream that something is new, and htmx fetches the parts of the page that show it. The stream
  // is closed while nobody looks, since a browser opens few connections to a server. While it fails, the parts are asked
  // for by themselves: their answers tell whether the platform is out of reach.
  const ASK_MS = 5000, MUTE_MS = 30000;
  const streams = [];
  class Stream extends EventTarget {
    constructor(url) {
      super();
      Object.assign(this, { url, names: new Set(["changed", "alive", "unavailable"]), heard: 0, open: false });
      streams.push(this);
      if (!document.hidden) this.start();
    }
    // htmx would open another one beside it.
    get readyState() { return this.open ? EventSource.OPEN : EventSource.CONNECTING; }
    addEventListener(name, listener) {
      if (!this.names.has(name)) this.source?.addEventListener(name, this.pass);
      this.names.add(name);
      super.addEventListener(name, listener);
    }
    pass = (event) => {
      this.heard = Date.now();
      this.dispatchEvent(new MessageEvent(event.type, { data: event.data }));
      if (event.type === "unavailable") ask();
    };
    start() {
      this.stop();
      this.heard = Date.now();
      const source = this.source = new EventSource(this.url);
      for (const name of this.names) source.addEventListener(name, this.pass);
      source.onopen = () => { this.open = true; this.onopen?.(); };
      source.onerror = () => {
        this.open = false;
        ask();
        if (source.readyState === EventSource.CLOSED) this.again = setTimeout(() => this.start(), ASK_MS);
      };
    }
    stop() {
      clearTimeout(this.again);
      this.source?.close();
      this.source = undefined;
      this.open = false;
    }
    close() {
      this.stop();
      streams.splice(streams.indexOf(this), 1);
    }
  }
  htmx.createEventSource = (url) => new Stream(url);
  const ask = () => {
    for (const part of document.querySelectorAll('[hx-trigger*="sse:changed"]')) htmx.trigger(part, "sse:changed");
  };
  setInterval(() => {
    if (document.hidden) return;
    for (const stream of streams) {
      if (Date.now() - stream.heard > MUTE_MS) stream.start();
      if (!stream.open) ask();
    }
  }, ASK_MS);
  document.addEventListener("visibilitychange", () => {
    for (const stream of streams) document.hidden ? stream.stop() : stream.start();
  });

  // What the reader has opened stays open when a part of the page is replaced.
  let open = [];
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    open = [...event.detail.target.querySelectorAll("details")].map((one) => one.open);
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    [...event.detail.target.querySelectorAll("details")].forEach((one, i) => { one.open = open[i] ?? false; });
  });
})();

// Curves of runs: the server averages and thins them out to the width of the chart, so that a run of any length costs the browser the same.
(() => {
  const groups = [
    ['Losses', /^Loss\/[GD]\/loss$/], ['Discriminator scores', /^Loss\/scores\//], ['Discriminator signs, augmentation', /^(Loss\/signs\/|Progress\/augment$)/],
    ['R1 penalty', /^Loss\/r1_penalty$/], ['Path length', /^Loss\/pl_/], ['Seconds per kimg', /^Timing\/sec_per_kimg$/], ['Gradient norms', /^Gradients\/norm\//],
    ['Non-finite gradient elements', /^Gradients\/non_finite$/], ['Seconds outside training', /^Timing\/(maintenance|data_wait)_sec$/], ['Memory, GiB', /^Resources\//], ['Share of each resolution', /^Usage\//],
  ];
  const left = /^(Progress\/tick|Timing\/(total_sec|sec_per_tick))$/;
  const dashes = [[], [6, 4], [2, 3], [10, 3, 2, 3]];
  const height = 220;
  const seenFirst = 2;
  const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colours = () => [1, 2, 3, 4, 5, 6, 7, 8].map(index => css(`--series-${index}`));
  const format = value => value == null ? '–' : Math.abs(value) >= 1e5 || value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : Number(value.toPrecision(4)).toString();

  async function read(path, signal) {
    const response = await fetch(path, { signal });
    if (response.ok) return response.json();
    throw new Error((await response.json().catch(() => null))?.title ?? `The server answered with status ${response.status}.`);
  }

  /** One chart with a legend of buttons, each of which shows or hides a curve. */
  class Chart {
    constructor(host, title, onZoom) {
      this.onZoom = onZoom;
      this.hidden = new Set();
      this.box = document.createElement('figure');
      this.box.className = 'chart';
      const caption = document.createElement('figcaption');
      caption.textContent = title;
      this.area = document.createElement('div');
      this.area.setAttribute('role', 'img');
      this.legend = document.createElement('div');
      this.legend.className = 'legend';
      this.title = title;
      this.box.append(caption, this.area, this.legend);
      host.append(this.box);
      this.sizes = new ResizeObserver(() => this.plot?.setSize({ width: this.area.clientWidth, height }));
      this.sizes.observe(this.area);
    }

    remove() {
      this.sizes.disconnect();
      this.plot?.destroy();
      this.box.remove();
    }

    /** Draws: series are {label, run}, data is uPlot's. */
    draw(series, data, isLog, points) {
      const look = JSON.stringify([series, isLog, points, document.documentElement.dataset.theme, matchMedia('(prefers-color-scheme: dark)').matches]);
      const shown = isLog ? [data[0], ...data.slice(1).map(values => values.map(value => value > 0 ? value : null))] : data;
      this.area.setAttribute('aria-label', `${this.title} over kimg. Last values: ${series.map((one, index) => `${one.label} ${format(data[index + 1].findLast(value => value != null))}`).join(', ')}.`);
      this.data = shown;
      if (this.plot && this.look === look) {
        this.plot.setData(shown);
        this.values();
        return;
      }
      this.look = look;
      this.plot?.destroy();
      const ink = css('--ink-quiet');
      const grid = { stroke: css('--line'), width: 1 };
      const palette = colours();
      const labels = [...new Set(series.map(one => one.name))];
      const runs = [...new Set(series.map(one => one.run))];
      const colour = one => palette[(labels.length === 1 ? runs.indexOf(one.run) : labels.indexOf(one.name)) % palette.length];
      const dash = one => labels.length === 1 ? [] : dashes[runs.indexOf(one.run) % dashes.length];
      this.plot = new uPlot({
        width: this.area.clientWidth, height, legend: { show: false },
        cursor: { drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => { this.onZoom?.(null); return null; } }, y: false },
        scales: { x: { time: false }, y: { distr: isLog ? 3 : 1 } },
        axes: [
          { stroke: ink, grid, ticks: grid, font: '11px system-ui, sans-serif', size: 28 },
          { stroke: ink, grid, ticks: grid, font: '11px system-ui, sans-serif', size: 56, values: (_, ticks) => ticks.map(tick => tick == null ? '' : format(tick)) },
        ],
        series: [{}, ...series.map(one => ({ label: one.label, stroke: colour(one), dash: dash(one), width: 1.5, spanGaps: true, show: !this.hidden.has(one.label), points: { show: points, size: 6 } }))],
        hooks: {
          setSelect: [plot => {
            if (plot.select.width < 4) return;
            const window = [plot.posToVal(plot.select.left, 'x'), plot.posToVal(plot.select.left + plot.select.width, 'x')];
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            this.onZoom?.(window);
          }],
          setCursor: [() => this.values()],
        },
      }, shown, this.area);
      this.legend.replaceChildren(...series.map((one, index) => {
        const button = document.createElement('button');
        const swatch = document.createElement('span');
        const value = document.createElement('span');
        button.type = 'button';
        button.setAttribute('aria-pressed', String(!this.hidden.has(one.label)));
        swatch.className = 'swatch';
        swatch.style.background = dash(one).length ? `repeating-linear-gradient(90deg, ${colour(one)} 0 4px, transparent 4px 6px)` : colour(one);
        value.className = 'value';
        button.append(swatch, one.label, value);
        button.addEventListener('click', () => {
          const isShown = this.hidden.has(one.label);
          if (isShown) this.hidden.delete(one.label); else this.hidden.add(one.label);
          button.setAttribute('aria-pressed', String(isShown));
          this.plot.setSeries(index + 1, { show: isShown });
        });
        return button;
      }));
      this.values();
    }

    values() {
      const at = this.plot?.cursor.idx;
      [...this.legend.children].forEach((button, index) => {
        const values = this.data[index + 1];
        button.lastChild.textContent = format(at != null && this.plot.cursor.left >= 0 ? values[at] : values.findLast(value => value != null));
      });
    }
  }

  /** All curves of one run, or of some over each other. */
  class Panel {
    constructor(root) {
      this.root = root;
      this.runs = JSON.parse(root.dataset.runs);
      this.charts = new Map();
      this.window = null;
      const find = selector => root.querySelector(selector);
      this.host = find('[data-charts]');
      this.error = find('[data-error]');
      find('[data-smoothing]').addEventListener('input', event => {
        this.smoothing = Number(event.target.value);
        find('[data-smoothing-value]').textContent = event.target.value;
        this.later();
      });
      find('[data-log]').addEventListener('change', event => { this.isLog = event.target.checked; this.draw(); });
      find('[data-overlay]')?.addEventListener('change', event => { this.overlay = event.target.value; this.load(); });
      root.addEventListener('click', event => { const way = event.target.closest('[data-zoom]')?.dataset.zoom; if (way) this.zoom(way); });
      document.addEventListener('changed:curves', () => this.later());
      document.addEventListener('themechange', () => this.draw());
      this.load();
    }

    /** Many changes in a moment are one. */
    later() {
      this.waiting ??= setTimeout(() => { this.waiting = null; this.load(); }, 250);
    }

    show(window) {
      this.window = window;
      this.load();
    }

    zoom(way) {
      if (way === 'all') return this.show(null);
      const [from, to] = this.window ?? this.extent ?? [0, 1];
      const width = to - from;
      const next = { in: [from + width / 4, to - width / 4], out: [from - width / 2, to + width / 2], left: [from - width / 4, to - width / 4], right: [from + width / 4, to + width / 4] }[way];
      return this.show(next);
    }

    async load() {
      this.reading?.abort();
      const reading = this.reading = new AbortController();
      // As many as a chart has pixels, whether one is drawn already or not.
      const chart = this.charts.values().next().value;
      const points = Math.round(Math.max(200, Math.min(2000, chart?.area.clientWidth || this.host.clientWidth / (this.host.clientWidth > 850 ? 2 : 1))));
      const query = new URLSearchParams({ points });
      if (this.smoothing) query.set('smoothing', this.smoothing);
      if (this.window) { query.set('from', this.window[0]); query.set('to', this.window[1]); }
      try {
        const runs = [...this.runs, ...(this.overlay ? [this.overlay] : [])];
        this.read = await Promise.all(runs.map(run => read(`/api/runs/${encodeURIComponent(run)}/curves?${query}`, reading.signal)));
        this.error.textContent = '';
        this.draw();
      } catch (problem) {
        if (problem.name !== 'AbortError') this.error.textContent = `Cannot read the curves: ${problem.message}`;
      }
    }

    draw() {
      if (!this.read) return;
      const kimg = this.read.flatMap(run => run.kimg.length ? [run.kimg[0], run.kimg.at(-1)] : []);
      if (!this.window && kimg.length) this.extent = [Math.min(...kimg), Math.max(...kimg)];
      const names = [...new Set(this.read.flatMap(run => Object.keys(run.series)))].filter(name => !left.test(name)).filter(name => this.read.some(run => run.series[name]?.some(value => value != null)));
      const sorted = groups.map(([title, pattern]) => [title, names.filter(name => pattern.test(name))]);
      const others = names.filter(name => !groups.some(([, pattern]) => pattern.test(name)));
      const wanted = [...sorted, ...others.map(name => [name, [name]])].filter(([, members]) => members.length);
      if (!wanted.length) {
        this.charts.forEach(chart => chart.remove());
        this.charts.clear();
        this.empty(this.window ? 'No ticks in this part of the run.' : 'No curves yet: the first point appears with the first tick (spec key tick-kimg).');
        return;
      }
      this.host.querySelector('.empty')?.remove();
      for (const [title, chart] of this.charts) if (!wanted.some(([other]) => other === title)) { chart.remove(); this.charts.delete(title); }
      for (const [title] of wanted) if (!this.charts.has(title)) this.charts.set(title, new Chart(this.host, title, window => this.show(window)));
      // Those that are seen first are drawn first; the page can be used while the others follow.
      const drawing = this.drawing = {};
      const waiting = [...wanted];
      const next = () => {
        if (drawing !== this.drawing) return;
        this.drawOne(...waiting.shift());
        if (waiting.length) setTimeout(next);
        else this.root.dataset.drawn = String(wanted.length);
      };
      while (waiting.length && wanted.length - waiting.length < seenFirst) this.drawOne(...waiting.shift());
      if (waiting.length) setTimeout(next);
      else this.root.dataset.drawn = String(wanted.length);
    }

    drawOne(title, members) {
      const isAlone = this.read.length === 1;
      const series = this.read.flatMap(run => members.filter(name => run.series[name]).map(name => ({ name, run: run.run, label: isAlone ? name : `${name} · ${run.run}` })));
      const tables = this.read.map(run => [run.kimg, ...members.filter(name => run.series[name]).map(name => run.series[name])]);
      this.charts.get(title)?.draw(series, isAlone ? tables[0] : uPlot.join(tables), this.isLog, this.read.every(run => run.kimg.length < 30));
      this.root.dataset.begun = 'true';
    }

    empty(text) {
      const note = document.createElement('p');
      note.className = 'empty';
      note.textContent = text;
      this.host.replaceChildren(note);
    }
  }

  /** Metrics: a table of newest and best values, and a chart each. */
  class Metrics {
    constructor(root) {
      this.root = root;
      document.addEventListener('changed:metrics', () => this.load());
      document.addEventListener('themechange', () => this.charts?.forEach((chart, index) => this.drawOne(chart, this.metrics[index])));
      this.load();
    }

    async load() {
      const metrics = (await read(`/api/runs/${encodeURIComponent(this.root.dataset.run)}/metrics`).catch(() => [])).filter(metric => metric.points.length);
      if (!metrics.length) return;
      this.metrics = metrics;
      this.charts?.forEach(chart => chart.remove());
      const host = document.createElement('div');
      host.className = 'charts';
      this.root.replaceChildren(this.table(metrics), host);
      this.charts = metrics.map(metric => { const chart = new Chart(host, metric.metric); this.drawOne(chart, metric); return chart; });
    }

    drawOne(chart, metric) {
      chart.draw([{ name: metric.metric, run: '', label: metric.metric }], [metric.points.map(point => point.kimg), metric.points.map(point => point.value)], false, true);
    }

    table(metrics) {
      const table = document.createElement('table');
      const row = (cells, tag) => { const line = document.createElement('tr'); cells.forEach((text, index) => { const cell = document.createElement(index === 0 || tag === 'th' ? 'th' : 'td'); cell.scope = tag === 'th' ? 'col' : 'row'; if (index) cell.className = 'number'; cell.textContent = text; line.append(cell); }); return line; };
      const head = document.createElement('thead');
      head.append(row(['metric', 'newest', 'at kimg', 'lowest', 'highest', 'measured'], 'th'));
      const body = document.createElement('tbody');
      for (const { metric, points } of metrics) {
        const [low, high] = [points.reduce((a, b) => b.value < a.value ? b : a), points.reduce((a, b) => b.value > a.value ? b : a)];
        body.append(row([metric, format(points.at(-1).value), points.at(-1).kimg, `${format(low.value)} at ${low.kimg}`, `${format(high.value)} at ${high.kimg}`, `${points.length}×`]));
      }
      table.append(head, body);
      const scroll = document.createElement('div');
      scroll.className = 'scroll';
      scroll.tabIndex = 0;
      scroll.setAttribute('role', 'region');
      scroll.setAttribute('aria-label', 'Metrics');
      scroll.append(table);
      return scroll;
    }
  }

  document.querySelectorAll('[data-curves]').forEach(root => new Panel(root));
  document.querySelectorAll('[data-metrics]').forEach(root => new Metrics(root));
})();

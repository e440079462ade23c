// Sample grids over time: a slider per side, and a second side to compare with.
(() => {
  class Side {
    constructor(root, panel, index) {
      const find = selector => root.querySelector(selector);
      Object.assign(this, { root, panel, index, slider: find('[data-slider]'), kimg: find('[data-kimg]'), picture: find('[data-picture]'), select: find('[data-side-run]') });
      this.run = this.select?.value ?? panel.runs[0];
      this.slider.addEventListener('input', () => { this.isAtEnd = Number(this.slider.value) === this.grids.length - 1; this.show(); });
      this.select?.addEventListener('change', () => { this.run = this.select.value; this.load(); });
      this.isAtEnd = index === 0;
    }

    async load() {
      const response = await fetch(`/api/runs/${encodeURIComponent(this.run)}/samples`).catch(() => null);
      if (!response?.ok) return;
      this.grids = await response.json();
      this.slider.max = Math.max(0, this.grids.length - 1);
      // Whoever looks at the newest goes on to see the newest.
      if (this.isAtEnd) this.slider.value = this.slider.max;
      this.panel.update();
      this.show();
    }

    show() {
      const grid = this.grids?.[Number(this.slider.value)];
      if (!grid) return;
      this.kimg.textContent = grid.name.includes('init') ? 'before training' : `${Number(grid.kimg.toFixed(3))} kimg`;
      this.slider.setAttribute('aria-valuetext', this.kimg.textContent);
      this.slider.setAttribute('aria-label', `Sample grid of ${this.run}${this.index ? ' to compare with' : ''}`);
      const source = `/api/runs/${encodeURIComponent(this.run)}/samples/${encodeURIComponent(grid.name)}`;
      if (!this.picture.src.endsWith(source)) this.picture.src = source;
      this.picture.alt = `Samples of ${this.run}, ${this.kimg.textContent}`;
    }
  }

  class Panel {
    constructor(root) {
      this.root = root;
      this.runs = JSON.parse(root.dataset.runs);
      this.sides = [...root.querySelectorAll('[data-side]')].map((side, index) => new Side(side, this, index));
      this.compare = root.querySelector('[data-compare]');
      this.compare.checked = this.runs.length > 1;
      this.sides[1].isAtEnd = this.runs.length > 1;
      this.compare.addEventListener('change', () => this.update());
      document.addEventListener('changed:samples', () => this.sides.forEach(side => side.load()));
      this.sides.forEach(side => side.load());
    }

    update() {
      const has = this.sides.some(side => side.grids?.length);
      this.root.querySelector('[data-none]').hidden = has;
      this.root.querySelector('.pair').hidden = !has;
      this.root.querySelector('[data-compare-label]').hidden = !has;
      this.sides[1].root.hidden = !this.compare.checked;
      this.root.querySelector('.pair').classList.toggle('both', this.compare.checked);
    }
  }

  document.querySelectorAll('[data-samples]').forEach(root => new Panel(root));
})();

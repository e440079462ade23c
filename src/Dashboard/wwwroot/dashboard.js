// Keeps a page as it is now, and sends what people ask for. The server draws; what has changed is fetched and put in its place.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const goToSignIn = () => { location.href = `/sign-in?then=${encodeURIComponent(location.pathname + location.search)}`; };

  /** Sends JSON; throws an error whose message says what to change. */
  async function send(path, body) {
    let response;
    try {
      response = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body ?? {}) });
    } catch {
      throw new Error('The server does not answer. Check that it is running and that you can reach it.');
    }
    if (response.ok) return response.status === 204 ? null : response.json();
    const problem = await response.json().catch(() => null);
    throw new Error(problem?.title ?? `The server answered with status ${response.status}.`);
  }

  // Times in the browser's zone.
  function localise(root) {
    for (const time of all('time', root)) {
      const at = new Date(time.dateTime);
      time.textContent = at.toLocaleString([], { dateStyle: 'medium', timeStyle: 'medium' });
    }
    for (const end of all('[data-in-seconds]', root)) {
      const at = new Date(Date.now() + Number(end.dataset.inSeconds) * 1000);
      end.textContent = at.toLocaleString([], { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
    }
  }

  // --- live parts ---
  const live = document.body.dataset.live;
  const base = live.replace(/\/live$/, '');
  const versions = {};
  const status = text => { $('#connection').textContent = text; };

  function swap(element, html) {
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    const name = focused && ['data-command', 'id', 'href', 'aria-label'].map(attribute => focused.getAttribute(attribute) && `[${attribute}="${CSS.escape(focused.getAttribute(attribute))}"]`).find(Boolean);
    const open = all('details', element).map(details => details.open);
    const scrolled = all('.scroll', element).map(box => [box.scrollTop, box.scrollLeft]);
    element.innerHTML = html;
    all('details', element).forEach((details, index) => { details.open = open[index] ?? details.open; });
    all('.scroll', element).forEach((box, index) => { [box.scrollTop, box.scrollLeft] = scrolled[index] ?? [0, 0]; });
    localise(element);
    if (name) $(name, element)?.focus({ preventScroll: true });
  }

  async function refresh(element, version) {
    const response = await fetch(`${base}/parts/${element.dataset.part}`);
    if (response.status === 401) return goToSignIn();
    if (!response.ok) return;
    element.dataset.version = version;
    swap(element, await response.text());
  }

  async function lazy() {
    for (const element of all('[data-lazy]')) {
      const response = await fetch(element.dataset.lazy).catch(() => null);
      if (response?.ok) swap(element, await response.text());
      else if (response) element.textContent = (await response.json().catch(() => null))?.title ?? 'This cannot be read right now.';
    }
  }

  function onVersions(now) {
    for (const element of all('[data-part]')) {
      const version = now[element.dataset.part];
      if (version && version !== element.dataset.version) refresh(element, version);
    }
    for (const data of ['curves', 'samples', 'metrics']) {
      if (now[data] && versions[data] && now[data] !== versions[data]) document.dispatchEvent(new Event(`changed:${data}`));
    }
    if (versions.head && now.head !== versions.head && now.samples !== versions.samples) lazy();
    Object.assign(versions, now);
  }

  let stream = null;
  let again = 0;
  function connect() {
    clearTimeout(again);
    if (!live || stream || document.hidden) return;
    stream = new EventSource(live);
    stream.addEventListener('versions', message => { status('Live'); onVersions(JSON.parse(message.data)); });
    stream.addEventListener('alive', () => status('Live'));
    stream.addEventListener('trouble', message => status(JSON.parse(message.data).title));
    stream.onerror = async () => {
      status('Reconnecting…');
      if (stream?.readyState !== EventSource.CLOSED) return;
      disconnect();
      // A refusal closes the stream for good; a page asks why.
      const answer = await fetch('/api/runs').catch(() => null);
      if (answer?.status === 401) return goToSignIn();
      again = setTimeout(connect, 3000);
    };
  }
  function disconnect() {
    stream?.close();
    stream = null;
  }
  // A browser has few connections without TLS: pages that nobody sees give theirs back.
  document.addEventListener('visibilitychange', () => { if (document.hidden) disconnect(); else connect(); });
  addEventListener('pagehide', disconnect);

  // --- commands ---
  const questions = {
    pause: run => [`Pause ${run}?`, 'It finishes its iteration, saves a snapshot and frees its workers. You can resume it later, with the same result.', 'Pause the run'],
    resume: run => [`Resume ${run}?`, 'It waits for workers and continues from its newest snapshot.', 'Resume the run'],
    cancel: run => [`Cancel ${run}?`, 'It ends for good. Its files are kept.', 'Cancel the run'],
  };

  document.addEventListener('click', event => {
    const button = event.target.closest('button[data-command]');
    const dialog = $('#confirm');
    if (button && dialog) {
      const form = $('form', dialog);
      const command = button.dataset.command;
      const [title, text, yes] = questions[command](form.dataset.run);
      form.reset();
      form.dataset.pending = command;
      $('h2', dialog).textContent = title;
      $('[data-confirm-text]', dialog).textContent = text;
      $('[data-confirm]', dialog).textContent = yes;
      $('[data-confirm]', dialog).classList.toggle('danger', command === 'cancel');
      $('[data-discard]', dialog).hidden = command !== 'cancel';
      $('[data-set]', dialog).hidden = command !== 'resume';
      $('[data-error]', dialog).textContent = '';
      dialog.showModal();
    }
    if (event.target.closest('[data-close]')) dialog.close();
    if (event.target.closest('[data-theme-switch]')) { atelierTheme.next(); nameTheme(); }
    if (event.target.closest('[data-sign-out]')) send('/sign-out').then(() => { location.href = '/sign-in'; });
    if (event.target.closest('[data-preview]')) preview(event.target.closest('form'));
  });

  /** Lets a form say what went wrong, and be sent once at a time. */
  async function attempt(form, work) {
    const error = $('[data-error]', form);
    const buttons = all('button', form);
    error.textContent = '';
    buttons.forEach(button => { button.disabled = true; });
    try {
      await work();
    } catch (problem) {
      error.textContent = problem.message;
    } finally {
      buttons.forEach(button => { button.disabled = false; });
    }
  }

  const lines = text => text.split('\n').map(line => line.trim()).filter(Boolean);
  const orderOf = form => {
    const fields = Object.fromEntries(new FormData(form));
    const number = text => text === '' ? null : Number(text);
    return { run: fields.run, data: fields.data, out: fields.out, recipe: fields.recipe, set: lines(fields.set), priority: number(fields.priority), min_workers: number(fields.min_workers), max_workers: number(fields.max_workers) };
  };
  const preview = form => form.reportValidity() && attempt(form, async () => {
    const outcome = $('[data-outcome]', form);
    outcome.hidden = true;
    const seen = await send('/api/runs/preview', orderOf(form));
    outcome.textContent = seen.already_submitted
      ? `Nothing would change: ${seen.run.run} was already submitted and is ${seen.run.status}.`
      : `${seen.run.run} would be queued for ${seen.run.target_kimg} kimg; ${seen.free_workers} of ${seen.fitting_workers} suitable workers ${seen.free_workers === 1 ? 'is' : 'are'} free.`;
    outcome.hidden = false;
  });

  document.addEventListener('submit', event => {
    const form = event.target;
    if (form.matches('[data-command-form]')) {
      event.preventDefault();
      const fields = new FormData(form);
      const body = { pause: () => ({}), resume: () => ({ set: lines(fields.get('set') ?? '') }), cancel: () => ({ discard: fields.has('discard') }) }[form.dataset.pending]();
      attempt(form, async () => {
        await send(`/api/runs/${encodeURIComponent(form.dataset.run)}/${form.dataset.pending}`, body);
        form.closest('dialog').close();
      });
    } else if (form.matches('[data-sign-in]')) {
      event.preventDefault();
      attempt(form, async () => {
        await send('/sign-in', { token: new FormData(form).get('token') });
        location.href = form.dataset.then;
      });
    } else if (form.matches('[data-submit]')) {
      event.preventDefault();
      attempt(form, async () => {
        const run = await send('/api/runs', orderOf(form));
        location.href = `/runs/${encodeURIComponent(run.run)}`;
      });
    }
  });

  function nameTheme() {
    $('[data-theme-switch]').textContent = `Theme: ${atelierTheme.current()}`;
  }

  nameTheme();
  localise(document);
  for (const link of all('nav[aria-label="Pages"] a')) if (link.pathname === location.pathname) link.setAttribute('aria-current', 'page');
  connect();
  lazy();
})();

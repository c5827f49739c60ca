// Headgate console: theme, keyboard, dialogs, the drawer and live rows. No dependencies.
// Everything essential also works by mouse and without script: a row's link is a page of its own.
const root = document.documentElement, $ = s => document.querySelector(s), $$ = s => [...document.querySelectorAll(s)];
const keep = {
  get(name) { try { return localStorage.getItem(name); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(name, value); } catch { /* a browser that keeps nothing forgets it */ } },
};

// ---------- theme
function theme(name) {
  if (name === 'light' || name === 'dark') root.dataset.theme = name; else delete root.dataset.theme;
  $('[data-theme-switch]').ariaLabel = 'Theme: ' + (root.dataset.theme || 'system');
}
theme(keep.get('theme'));
$('[data-theme-switch]').onclick = () => {
  const order = ['system', 'light', 'dark'], next = order[(order.indexOf(root.dataset.theme || 'system') + 1) % 3];
  keep.set('theme', next); theme(next);
};

// ---------- dialogs and toasts
document.addEventListener('click', e => {
  const opener = e.target.closest('[data-open]'), closer = e.target.closest('[data-close]');
  if (opener) { e.preventDefault(); $('#' + opener.dataset.open)?.showModal(); }
  if (closer) { e.preventDefault(); hideDrawer(); }
});
function toast(text) {
  const note = document.createElement('p');
  note.className = 'toast'; note.textContent = text;
  $('#toasts').append(note);
  let timer = setTimeout(() => note.remove(), 8000);
  note.onmouseenter = () => clearTimeout(timer);
  note.onmouseleave = () => { timer = setTimeout(() => note.remove(), 8000); };
}
document.addEventListener('click', async e => {
  const button = e.target.closest('[data-copy]');
  if (!button) return;
  await navigator.clipboard.writeText(`curl -H 'Authorization: Bearer KEY' ${location.origin}${button.dataset.copy}`);
  toast(button.dataset.copied);
});

// ---------- rows: the link in the row takes the focus, so that Enter and screen readers need nothing special
const list = $('[data-live]'), drawer = $('#drawer');
const ROWS = '[data-rows] > tr:not(.detail)';
const rows = () => $$(ROWS), currentRow = () => $(ROWS + '[aria-current="true"]');
function mark(row) {
  rows().forEach(r => r.removeAttribute('aria-current'));
  if (row) row.ariaCurrent = 'true';
}
function step(by) {
  const all = rows(), next = all[Math.min(all.length - 1, Math.max(0, all.indexOf(currentRow()) + by))];
  if (!next) return;
  mark(next);
  const link = next.querySelector('a');
  link.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
  if (drawer && !drawer.hidden && matchMedia('(min-width: 75.01rem)').matches) showDrawer(link, false);   // beside the list it follows
}

// ---------- drawer: the same fragment that the thing's own page holds
let asking = null;
async function showDrawer(link, focus = true) {
  asking?.abort();
  const ask = asking = new AbortController();
  mark(link.closest('tr') || currentRow());
  const bones = setTimeout(() => {
    drawer.hidden = false; drawer.ariaBusy = 'true';
    drawer.replaceChildren($('#bones').content.cloneNode(true));
  }, 300);
  try {
    const answer = await fetch(link.href, { headers: { 'X-Headgate-Fragment': 'drawer' }, signal: ask.signal });
    if (!answer.ok) throw new Error(answer.status);
    const text = await answer.text();
    clearTimeout(bones);
    drawer.innerHTML = text;
    drawer.hidden = false;
    history.replaceState(null, '', link.href);
    spy(); toHit();
    if (focus) drawer.querySelector('[data-close]').focus({ preventScroll: true });
  } catch (error) {
    if (error.name !== 'AbortError') location = link.href;
  } finally { clearTimeout(bones); if (asking === ask) drawer.removeAttribute('aria-busy'); }
}
function hideDrawer() {
  if (!drawer || drawer.hidden) return;
  asking?.abort();
  const close = drawer.querySelector('[data-close]');
  drawer.hidden = true;
  if (close) history.replaceState(null, '', close.href);
  currentRow()?.querySelector('a').focus();
}
document.addEventListener('click', e => {
  const link = e.target.closest(`${ROWS} a:not([data-elsewhere]), [data-reread]`);
  if (!link || e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
  if (drawer) { e.preventDefault(); showDrawer(link); } else if (list?.matches('[data-expand]')) { e.preventDefault(); toggleDetail(link); }
});

// ---------- details under their row, where a list has figures above it and no drawer beside it
const detail = () => $('[data-rows] > tr.detail');
async function toggleDetail(link) {
  const again = link.matches('[data-reread]'), row = again ? detail().previousElementSibling : link.closest('tr');
  if (!again && row.nextElementSibling?.matches('.detail')) return hideDetail();
  asking?.abort();
  const ask = asking = new AbortController();
  try {
    const answer = await fetch(link.href, { headers: { 'X-Headgate-Fragment': 'detail' }, signal: ask.signal });
    if (!answer.ok) throw new Error(answer.status);
    const text = await answer.text(), top = row.getBoundingClientRect().top;
    hideDetail(false);
    row.insertAdjacentHTML('afterend', text);
    scrollBy(0, row.getBoundingClientRect().top - top);   // what closed above it does not move it
    mark(row);
    row.querySelector('a').ariaExpanded = 'true';
    row.querySelector('a').focus({ preventScroll: true });
    history.replaceState(null, '', link.href);
  } catch (error) {
    if (error.name !== 'AbortError') location = link.href;
  }
}
function hideDetail(leave = true) {
  const open = detail();
  if (!open) return;
  const link = open.previousElementSibling.querySelector('a');
  open.remove();
  link.ariaExpanded = 'false';
  if (!leave) return;
  history.replaceState(null, '', list.dataset.list + new URL(link.href).search);
  link.focus({ preventScroll: true });
}
function spy() {                                      // the jump link of the section that is read
  const box = drawer?.querySelector('.scroll');
  if (!box) return;
  const links = [...drawer.querySelectorAll('.tabs a')];
  const here = () => {
    const top = box.getBoundingClientRect().top + 60;
    const atEnd = box.scrollTop > 0 && box.scrollTop + box.clientHeight >= box.scrollHeight - 2;
    const read = links.filter(a => drawer.querySelector(a.hash).getBoundingClientRect().top <= top);
    const now = atEnd ? links.at(-1) : read.at(-1) || links[0];
    links.forEach(a => { if (a === now) a.ariaCurrent = 'true'; else a.removeAttribute('aria-current'); });
  };
  box.addEventListener('scroll', here, { passive: true });
}
document.addEventListener('click', e => {             // jump within the drawer; the address stays the payment's
  const link = e.target.closest('.tabs a');
  if (!link) return;
  e.preventDefault();
  const box = drawer.querySelector('.scroll');
  box.scrollTop += drawer.querySelector(link.hash).getBoundingClientRect().top - box.getBoundingClientRect().top;
});
spy();

// ---------- lines of evidence: another part of them comes in their place; the one looked at is brought into sight
function toHit() {
  const hit = drawer?.querySelector('#hit'), box = drawer?.querySelector('.scroll');
  if (hit && box && location.pathname.includes('/lines/')) box.scrollTop += hit.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
}
document.addEventListener('click', async e => {
  const link = e.target.closest('#drawer a[data-line]');
  if (!link || e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
  e.preventDefault();
  try {
    const answer = await fetch(link.href, { headers: { 'X-Headgate-Fragment': 'lines' } });
    if (!answer.ok) throw new Error(answer.status);
    const view = $('#lines-view');
    view.outerHTML = await answer.text();
    history.replaceState(null, '', link.href);
    toHit();
    $('#lines-view .source')?.focus({ preventScroll: true });
  } catch { location = link.href; }
});
toHit();

// ---------- files that are brought: chosen or dropped, each told as it is read
const upload = $('[data-upload]');
function bring(files) {
  const form = upload.querySelector('form'), told = $('#uploads'), button = form.querySelector('button');
  if (button.disabled) return toast(button.nextElementSibling.textContent);
  upload.open = true;
  for (const file of files) {
    const row = document.createElement('li'), name = document.createElement('span'), bar = document.createElement('progress');
    name.textContent = file.name; bar.className = 'progress'; bar.max = 1; bar.value = 0; bar.ariaLabel = `${file.name} on its way`;
    row.append(name, bar); told.prepend(row);
    const facts = new FormData(), request = new XMLHttpRequest();
    facts.append('token', form.elements.token.value); facts.append('source', form.elements.source.value); facts.append('file', file);
    request.upload.onprogress = e => { if (e.lengthComputable) bar.value = e.loaded / e.total; };
    request.onload = () => { if (request.status === 200) row.outerHTML = request.responseText; else failed(row, name, `it was answered ${request.status}`); };
    request.onerror = () => failed(row, name, 'the connection was lost: bring it again');
    request.open('POST', form.action);
    request.setRequestHeader('X-Headgate-Fragment', 'uploaded');
    request.send(facts);
  }
}
function failed(row, name, why) { name.textContent += `: ${why}`; name.className = 'is-bad'; row.querySelector('progress').remove(); }
if (upload) {
  const form = upload.querySelector('form');
  form.addEventListener('submit', e => { e.preventDefault(); bring([...form.elements.file.files]); form.elements.file.value = ''; });
  let over = 0;
  const show = on => root.classList.toggle('is-dropping', on);
  addEventListener('dragenter', e => { if (e.dataTransfer?.types.includes('Files')) { over++; show(true); } });
  addEventListener('dragleave', () => { over = Math.max(0, over - 1); if (!over) show(false); });
  addEventListener('dragover', e => e.preventDefault());
  addEventListener('drop', e => { e.preventDefault(); over = 0; show(false); bring([...e.dataTransfer.files]); });
}

// ---------- live: new rows are counted, never put under the hand; a row whose state changed is updated in place
const STALE_MS = 5000, added = new Set();
let heardAt = Date.now(), saidAt = 0;
function fresh(before, after, stale) {
  const box = $('#fresh');
  box.classList.toggle('is-stale', stale);
  box.querySelector('[data-before]').textContent = before;
  box.querySelector('[data-after]').textContent = after;
}
function stale(after) {
  if (!$('#fresh').classList.contains('is-stale')) say('Connection lost: the figures are old');
  fresh('Figures are from', after, true);
}
function say(text) { $('#live-says').textContent = text; }

if (list && window.EventSource) {
  const source = new EventSource(`${list.dataset.live}?after=${list.dataset.position}`);
  source.addEventListener('tick', e => {
    const at = new Date(JSON.parse(e.data).at), clock = $('#read-at');
    heardAt = Date.now();
    clock.dateTime = at.toISOString();
    clock.textContent = at.toLocaleTimeString('en-GB', { timeZone: list.dataset.zone });
    if ($('#fresh').classList.contains('is-stale')) say('Connected again: the figures are current');
    fresh('Up to date', '', false);
  });
  source.addEventListener('changed', async e => {
    const { ids } = JSON.parse(e.data), open = $('#drawer [data-subject], tr.detail [data-subject]');
    const note = open?.parentElement.querySelector('.changed');
    if (note && (!ids || ids.includes(open.dataset.subject))) note.hidden = false;   // it never changes silently
    try { await (ids ? refresh(ids) : compare()); } catch { stale(', reload for newer'); }
  });
  source.onerror = () => stale(source.readyState === EventSource.CLOSED ? ', reload to go on' : ', reconnecting');
  setInterval(() => { if (Date.now() - heardAt > STALE_MS && source.readyState === EventSource.OPEN) stale(', waiting for the database'); }, 1000);
  addEventListener('pagehide', () => source.close());
}
/** Whether what has this id would stand on this page if it were read anew. */
function belongs(id) {
  const { after, older, prefix } = list.dataset;
  return id.startsWith(prefix) && (!after || id < after) && (!older || id >= older);
}
async function refresh(ids) {
  const wanted = ids.filter(id => document.getElementById('row-' + id) || belongs(id));
  if (!wanted.length) return;
  const address = new URL(list.dataset.rowsUrl, location);
  address.searchParams.set('q', list.dataset.query);
  wanted.forEach(id => address.searchParams.append('id', id));
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(answer.status);
  const body = document.createElement('tbody');
  body.innerHTML = await answer.text();
  put([...body.children]);
}
async function compare() {
  const found = [...(await reading()).querySelectorAll(ROWS)], there = new Set(found.map(row => row.id));
  put(found);
  const gone = rows().map(row => row.id).filter(id => !there.has(id));   // they left the query, or the page
  if (gone.length) await refresh(gone.map(id => id.replace('row-', '')));
}
function put(found) {
  for (const row of found) {
    const old = document.getElementById(row.id);
    if (!old) { if (!row.classList.contains('is-left')) added.add(row.id); continue; }
    if (old.ariaCurrent === 'true') row.ariaCurrent = 'true'; else row.removeAttribute('aria-current');
    const link = row.querySelector('a'), was = old.querySelector('a');
    if (!link.matches('[data-elsewhere]')) link.href = was.href;
    if (was.ariaExpanded) link.ariaExpanded = was.ariaExpanded;
    const focused = old.contains(document.activeElement);
    old.replaceWith(row);
    if (focused) row.querySelector('a').focus({ preventScroll: true });
  }
  const chip = $('#chip-new');
  chip.hidden = !added.size;
  chip.querySelector('span').textContent = `${added.size} new`;
  if (added.size && Date.now() - saidAt > 10000) { saidAt = Date.now(); say(`${added.size} new ${list.dataset.noun}${added.size === 1 ? '' : 's'}`); }
}
/** This list as it is now, read again. */
async function reading() {
  const address = new URL(list.dataset.list, location);
  if (list.dataset.query) address.searchParams.set('q', list.dataset.query);
  if (list.dataset.after) address.searchParams.set('after', list.dataset.after);
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(answer.status);
  return new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('#found');
}
async function showNew() {
  const now = await reading(), row = currentRow(), id = row?.id, before = row?.getBoundingClientRect().top;
  added.clear();
  list.replaceChildren(...now.childNodes);
  list.dataset.older = now.dataset.older;
  const again = id && document.getElementById(id);
  if (!again) return list.querySelector('[data-rows] a')?.focus({ preventScroll: true });
  mark(again);
  (list.querySelector('.scroll') ?? root).scrollTop += again.getBoundingClientRect().top - before;   // it keeps its place under the eye
  again.querySelector('a').focus({ preventScroll: true });
}
document.addEventListener('click', e => { if (e.target.closest('#chip-new')) showNew().catch(() => location.reload()); });

// ---------- acts: not on figures that are old, and not twice
document.addEventListener('submit', e => {
  const form = e.target.closest('[data-act]');
  if (!form) return;
  const says = form.querySelector('[data-act-says]'), changed = form.closest('#drawer, tr.detail')?.querySelector('.changed:not([hidden])');
  const why = $('#fresh').classList.contains('is-stale') ? 'The figures are old: nothing is done until this page is connected again.'
    : changed ? 'This has changed since it was read: read it again first.' : '';
  says.textContent = why; says.hidden = !why;
  if (why || form.dataset.sent) return e.preventDefault();
  form.dataset.sent = 'yes';
  form.querySelector('button[type="submit"]').ariaDisabled = 'true';
});
addEventListener('pageshow', () => $$('[data-act]').forEach(form => { delete form.dataset.sent; form.querySelector('button[type="submit"]').ariaDisabled = null; }));

// ---------- keyboard: letters act only outside fields and dialogs; no key moves money
const letters = $('#letters');
letters.checked = keep.get('letters') !== 'off';
letters.onchange = () => keep.set('letters', letters.checked ? 'on' : 'off');
let prefix = 0;
document.addEventListener('keydown', e => {
  if ((e.ctrlKey || e.metaKey) && e.key === 'k') { e.preventDefault(); if (!$('dialog[open]')) $('#find').select(); return; }
  if (e.key === 'Escape' && !$('dialog[open]') && !$(':popover-open')) {
    if (document.activeElement.matches('input, textarea')) document.activeElement.blur(); else if (drawer) hideDrawer(); else hideDetail();
    return;
  }
  if (e.ctrlKey || e.metaKey || e.altKey || e.target.matches('input, textarea, select') || $('dialog[open]') || !letters.checked) return;
  const goal = { o: 'overview', p: 'payments', y: 'payrolls', g: 'gate', u: 'funding', f: 'files', d: 'orders', r: 'returns', b: 'places',
    l: 'loans', e: 'loan payments', n: 'notifications',
    s: 'sources', a: 'artifacts', m: 'messages', x: 'dead letters', t: 'transactions' }[e.key];
  if (goal && Date.now() - prefix < 1500) return void (location = $(`[data-page="${goal}"]`).href);
  const act = {
    j: () => step(1), k: () => step(-1), '/': () => $('#query')?.select(), '?': () => $('#keys').showModal(),
    g: () => { prefix = Date.now(); }, r: () => location.reload(), n: () => $('#chip-new:not([hidden])')?.click(),
    c: () => $('#drawer:not([hidden]) [data-copy], tr.detail [data-copy]')?.click(),
  }[e.key];
  if (act) { e.preventDefault(); act(); }
});

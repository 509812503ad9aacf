// Returns what is wrong with the page as a person meets it, as sentences.
(() => {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const name = (el) => `<${el.tagName.toLowerCase()} class="${el.getAttribute('class') || ''}"> ${(el.textContent || '').trim().slice(0, 40)}`;
  const expect = (ok, text) => { if (!ok) faults.push(text); };

  const isIndex = document.body.className === 'index'; // it has no charts
  const root = document.documentElement;
  expect(root.scrollWidth <= root.clientWidth, `scrolls sideways: ${root.scrollWidth} in ${root.clientWidth}`);
  expect(getComputedStyle(document.body).backgroundColor !== 'rgba(0, 0, 0, 0)', 'the style sheet is not applied');

  for (const [selector, n] of [['main', 1], ['body > header', 1], ['body > footer', 1], ['nav[aria-label]', isIndex ? 0 : 1], ['h1', 1], ['head > title', 1], ['html[lang]', 1]]) {
    expect(all(selector).length === n, `${all(selector).length} of ${selector}, want ${n}`);
  }
  let level = 0;
  for (const h of all('h1, h2, h3, h4')) {
    const next = Number(h.tagName[1]);
    expect(next <= level + 1, `heading level jumps from ${level} to ${next}: ${name(h)}`);
    level = next;
  }
  for (const s of all('main section, [role=region], [role=img]')) {
    const by = s.getAttribute('aria-labelledby');
    expect(s.getAttribute('aria-label') || (by && document.getElementById(by)), `has no name: ${name(s)}`);
  }
  for (const t of all('table')) {
    expect(t.caption && t.caption.textContent.trim(), `table without a caption: ${name(t)}`);
    expect([...t.querySelectorAll('th')].every((th) => th.scope), `table with a th without scope: ${name(t)}`);
    const sorts = !isIndex && t.tBodies[0].rows.length > 1;
    expect([...t.tHead.rows[0].cells].every((th) => !!th.querySelector('button') === sorts), `${sorts ? 'does not sort' : 'sorts'}: ${name(t)}`);
    for (const row of t.tBodies[0].rows) {
      expect(row.cells.length === t.tHead.rows[0].cells.length, `row of ${row.cells.length} cells under ${t.tHead.rows[0].cells.length}: ${name(t)}`);
    }
  }
  for (const field of all('button, input')) {
    expect(field.textContent.trim() || field.labels?.length, `has no name: ${name(field)}`);
  }
  const ids = all('[id]').map((el) => el.id);
  expect(new Set(ids).size === ids.length, 'an id is there twice');
  for (const a of all('a[href^="#"]')) {
    expect(document.getElementById(a.hash.slice(1)), `link to nowhere: ${a.hash}`);
  }
  for (const box of all('.wide, .scroll')) {
    expect(box.tabIndex === 0, `cannot be scrolled by keys: ${name(box)}`);
  }

  for (const box of all('figure, .wide, .scroll, .verdict, .figures div')) {
    const { left, right } = box.getBoundingClientRect();
    expect(left >= 0 && right <= root.clientWidth, `sticks out: ${name(box)}`);
    if (getComputedStyle(box).overflowX === 'visible') {
      expect(box.scrollWidth <= box.clientWidth + 1, `holds more than fits: ${name(box)}`);
    }
  }

  if (!isIndex) {
    const columns = all('.columns rect');
    expect(columns.length > 1, 'no columns by month');
    expect(columns.some((c) => c.getBoundingClientRect().height > 50), 'no column has a height');
    expect(all('.names li').length === columns.length, 'not every column has its month');
    const ticks = all('.axis li').map((li) => li.getBoundingClientRect().top), lines = all('.columns .tick').map((l) => l.getBoundingClientRect().top);
    expect(ticks.length > 2 && ticks.every((y, i) => Math.abs(y - lines[i]) < 2), `amounts are not at their lines: ${ticks} and ${lines}`);
    const bars = all('.bar rect.more');
    expect(bars.length > 5 && bars.some((b) => b.getBoundingClientRect().width > 50), 'no bar has a width');
  }

  const channel = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const parse = (text) => text.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (el) => {
    for (; el; el = el.parentElement) {
      const c = parse(getComputedStyle(el).backgroundColor);
      if (c.length < 4 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const el = node.parentElement;
    if (!node.textContent.trim() || el.closest('svg') || !el.getClientRects().length) continue;
    const style = getComputedStyle(el);
    const [light, dark] = [luminance(parse(style.color)), luminance(ground(el))].sort((x, y) => y - x);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    expect(ratio >= (large ? 3 : 4.5), `contrast ${ratio.toFixed(2)}: ${name(el)}`);
  }
  return [...new Set(faults)];
})()

// Lets the tables sort and filter. Without it they are as they came.
(() => {
  const order = new Intl.Collator(undefined, { numeric: true });
  const plain = (text) => text.normalize('NFKC').toLowerCase();
  const text = (cell) => (cell.dataset.value ?? cell.textContent).trim();
  const number = (cell) => parseFloat((cell.dataset.value ?? cell.firstChild?.textContent ?? '').replaceAll(',', ''));

  // Equal rows keep their order. What is missing comes last either way.
  const sort = (body, column, numeric, descending) => {
    const keyed = [...body.rows].map((row) => ({ row, key: (numeric ? number : text)(row.cells[column]) }));
    const missing = ({ key }) => key === '' || Number.isNaN(key);
    const compare = (a, b) => (numeric ? a.key - b.key : order.compare(a.key, b.key));
    keyed.sort((a, b) => missing(a) - missing(b) || (descending ? compare(b, a) : compare(a, b)) || 0);
    body.append(...keyed.map(({ row }) => row));
  };

  const sortable = (table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement('button');
      const numeric = head.classList.contains('n');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const sorted = head.ariaSort;
        heads.forEach((other) => other.removeAttribute('aria-sort'));
        head.ariaSort = sorted ? (sorted === 'ascending' ? 'descending' : 'ascending') : numeric ? 'descending' : 'ascending';
        sort(table.tBodies[0], column, numeric, head.ariaSort === 'descending');
      });
    });
  };

  const filterable = (table) => {
    const rows = [...table.tBodies[0].rows].map((row) => ({ row, words: plain(row.textContent) }));
    const box = document.createElement('p');
    const label = document.createElement('label');
    const input = document.createElement('input');
    const found = document.createElement('output');
    box.className = 'filter';
    input.type = 'search';
    input.autocomplete = 'off';
    input.setAttribute('aria-describedby', table.caption.id);
    label.append('Filter ', input);
    box.append(label, ' ', found);
    table.before(box);
    input.addEventListener('input', () => {
      const wanted = plain(input.value.trim());
      rows.forEach(({ row, words }) => { row.hidden = !words.includes(wanted); });
      found.value = wanted && `${rows.filter(({ row }) => !row.hidden).length} of ${rows.length} rows`;
    });
  };

  for (const table of document.querySelectorAll('table')) {
    const rows = table.tBodies[0].rows.length;
    if (rows > 1) sortable(table);
    if (rows > 10) filterable(table); // a shorter one is seen at once
  }
})();

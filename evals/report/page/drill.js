// One case, looked into: all that was said, run, found and spent.
const part = (title, ...children) => el("div", { class: "block" }, el("h3", {}, title), children);

async function openCase(head, row, into, repeat) {
  const index = Math.max(0, repeat);
  const [chunk, place] = row.p[index];
  try {
    const records = await block(`part-${chunk}`);
    const prompts = records[place].prompts.length ? await block("prompts") : null;
    into.replaceChildren(...showRecord(head, row, records[place], prompts, index, into).flat(3).filter(Boolean));
  } catch (error) {
    into.replaceChildren(el("p", { class: "notice" }, `This case cannot be shown: ${error.message}`));
  }
}

function showRecord(head, row, record, prompts, index, into) {
  return [
    row.o.length > 1 && repeatButtons(head, row, index, into),
    reasonOf(head, record),
    asked(record),
    record.words.length ? part("How the SQL differs from the gold", el("ul", { class: "words" }, record.words.map((each) => el("li", {}, each)))) : null,
    statements(record),
    results(record),
    record.instances.length ? part("By database", el("ul", { class: "checks" }, record.instances.map(instanceWord))) : null,
    part("Time, tokens, cost", definitions("pairs", record.spent), stageLine(record)),
    promptBlocks(record, prompts),
  ];
}

function repeatButtons(head, row, index, into) {
  return el("div", { class: "repeats", role: "group", "aria-label": "Repeats" }, row.o.map((outcome, i) =>
    el("button", { type: "button", "aria-pressed": String(i === index), onclick: () => openCase(head, row, into, i).then(() => into.querySelectorAll(".repeats button")[i].focus()) },
      `${i + 1} · `, outcomeWord(head, outcomesOf(row)[i]))));
}

function reasonOf(head, record) {
  if (!record.reason) return null;
  return el("p", { class: `reason o-${resultOf(head, record.outcome)}` }, el("strong", {}, wordOf(record.outcome)), ` – `, el("bdi", {}, record.reason));
}

function asked(record) {
  const turns = record.turns.length ? el("ol", { class: "turns", "aria-label": "Asked before" }, record.turns.map((each) => el("li", { dir: "auto" }, each))) : null;
  return part(record.turns.length ? "Conversation" : "Question", turns, el("p", { dir: "auto" }, record.question), definitions("pairs", record.read));
}

function statements(record) {
  const sides = [];
  if (record.base) sides.push(el("div", {}, el("h3", {}, `Base run: ${wordOf(record.base.outcome)}`), record.base.sql ? coloured(record.base.sql) : el("p", { class: "soft", dir: "auto" }, record.base.headline || "no SQL"),
    record.base.sql && record.base.reason ? el("p", { class: "small soft", dir: "auto" }, record.base.reason) : null));
  sides.push(el("div", {}, el("h3", {}, record.base ? `This run: ${wordOf(record.outcome)}` : "SQL of the answer"), record.sql ? coloured(record.sql) : el("p", { class: "soft", dir: "auto" }, "No SQL ran."),
    record.executed ? el("details", {}, el("summary", {}, "as it was run"), coloured(record.executed)) : null));
  if (record.gold) sides.push(el("div", {}, el("h3", {}, record.gold.is_transpiled ? "Gold, translated" : "Gold"), coloured(record.gold.sql),
    record.gold.ran ? el("details", {}, el("summary", {}, "as it was run"), coloured(record.gold.ran)) : null));
  return record.sql || record.gold || record.base ? el("div", { class: sides.length > 2 ? "sides three" : "sides" }, sides) : null;
}

function results(record) {
  const tables = [["Result", record.table, record.marks && record.marks[0]], ["Gold result", record.gold && record.gold.table, record.marks && record.marks[1]]];
  const shown = tables.filter(([, table]) => table);
  return shown.length ? el("div", { class: "sides" }, shown.map(([title, table, marks]) => el("div", {}, el("h3", {}, `${title}: ${rowsWord(table)}`), resultTable(table, marks)))) : null;
}

function rowsWord(table) {
  const rows = noun(table.row_count, "row");
  return table.rows.length < table.row_count ? `${rows}, the first ${count(table.rows.length)}` : rows;
}

function resultTable(table, marks) {
  const isNumber = table.columns.map((_, i) => table.rows.every((row) => row[i] === null || typeof row[i] === "number" || /^-?\d+(\.\d+)?$/.test(row[i])));
  const lonely = new Set(marks ? marks.unmatched : []);
  const head = el("tr", {}, table.columns.map((name, i) => el("th", { scope: "col", class: [isNumber[i] && "r", lonely.has(i) && "free"].filter(Boolean).join(" "), title: lonely.has(i) ? "The other side has no such column" : null }, el("bdi", {}, name))));
  const body = table.rows.map((row, number) => {
    const off = marks ? marks.rows[number] : [];
    const isWhole = off[0] === -1;
    return el("tr", { class: off.length ? "off-row" : null, title: isWhole ? "The other side has no such row" : null }, row.map((value, i) => {
      const cell = el("td", { class: [isNumber[i] && "r", off.length && "off", (isWhole || off.includes(i)) && !lonely.has(i) && "at"].filter(Boolean).join(" ") });
      cell.append(value === null ? el("span", { class: "null" }, "NULL") : value === "" ? el("span", { class: "null" }, "empty") : el("bdi", {}, plain(value)));
      return cell;
    }));
  });
  return el("div", { class: "grid", tabindex: 0, role: "region", "aria-label": "Result" }, el("table", {}, el("thead", {}, head), el("tbody", {}, body)));
}

function instanceWord(each) {
  const word = each.is_equal ? (each.is_strict ? "✓" : "✓ more columns") : `✕ ${each.reason || each.difference}`;
  return el("li", { class: each.is_equal ? null : "no" }, `${each.instance} ${word}`);
}

function stageLine(record) {
  const total = record.stages.reduce((sum, [, ms]) => sum + ms, 0);
  if (!total) return null;
  return definitions("pairs", record.stages.map(([name, ms]) => [name, milliseconds(ms)]));
}

function promptBlocks(record, prompts) {
  return record.prompts.map((fingerprint, number) => {
    const messages = prompts.prompts[fingerprint];
    const title = `Prompt${record.prompts.length > 1 ? ` ${number + 1}` : ""} ${fingerprint.slice(0, 12)}`;
    if (!messages) return el("p", { class: "small soft" }, `${title}: not in this page; it stands in the run’s .prompts.jsonl, if it was kept.`);
    return el("details", {}, el("summary", {}, `${title} · ${noun(messages.length, "message")}`),
      messages.map(([role, texts]) => part(role, el("pre", { tabindex: 0, dir: "auto" }, texts.map((text) => prompts.texts[text]).join("\n\n")))));
  });
}

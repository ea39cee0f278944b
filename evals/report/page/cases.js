// The list of cases: as many as a page holds, more on demand; one is filled when it is opened.
const PAGE = 100;

function resultOf(head, outcome) { return outcome === "lenient" ? "right" : head.outcomes[outcome] || "wrong"; }

function outcomeWord(head, outcome) {
  return el("span", { class: `outcome o-${resultOf(head, outcome)}` }, wordOf(outcome));
}

function outcomeCell(head, row) {
  const outcomes = outcomesOf(row);
  const rightOnes = row.o.filter((each) => each === "right").length;
  const worst = outcomes.find((each) => each !== "right" && each !== "lenient") || outcomes.find((each) => each === "lenient") || "right";
  const word = outcomeWord(head, worst);
  if (row.o.length > 1 && rightOnes && rightOnes < row.o.length) return el("span", { class: "cell" }, word, el("span", { class: "mark" }, `${rightOnes}/${row.o.length} right`));
  return el("span", { class: "cell" }, word);
}

function flipWord(row) {
  const rightOnes = row.o.filter((each) => each === "right").length;
  if (row.f === "won") return rightOnes === row.o.length ? "now right" : "more often right";
  return rightOnes ? "less often right" : "no longer right";
}

function showCase(head, row, wanted, changed) {
  const flip = row.f && el("span", { class: `mark ${row.f}` }, flipWord(row));
  const summary = el("summary", {},
    el("span", { class: "asked" }, el("bdi", {}, row.q), flip, row.must && el("span", { class: "mark" }, "must pass")),
    outcomeCell(head, row),
    el("span", { class: "id" }, row.i),
    el("span", { class: "num" }, milliseconds(row.m)),
    el("span", { class: "num" }, row.c ? money(row.c, head.currency) : ""),
    row.w && el("span", { class: "why" }, el("bdi", {}, row.w)));
  const node = el("details", { class: "case", "data-case": row.i }, summary);
  const fill = () => {
    if (node.open && !node.querySelector(".drill")) {
      const drill = el("div", { class: "drill" }, el("p", { class: "soft" }, "…"));
      node.append(drill);
      openCase(head, row, drill, row.o.findIndex((each) => each !== "right"));
    }
  };
  node.addEventListener("toggle", () => {
    fill();
    if (node.open) wanted.case = row.i;
    else if (wanted.case === row.i) wanted.case = "";
    writeAddress(wanted);
  });
  if (wanted.case === row.i) node.open = true;
  return node;
}

function listCases(head, wanted) {
  const list = el("div", { id: "list" });
  const counted = el("output", { "aria-live": "polite" });
  const more = el("button", { type: "button", class: "more", onclick: () => grow() });
  let rows = [], shown = 0;
  const grow = (until = 0) => {
    const next = rows.slice(shown, Math.max(shown + PAGE, until));
    list.append(...next.map((row) => showCase(head, row, wanted)));
    shown += next.length;
    more.hidden = shown >= rows.length;
    more.textContent = `Show ${Math.min(PAGE, rows.length - shown)} more of ${count(rows.length)}`;
  };
  const update = () => {
    rows = choose(head.cases, wanted);
    shown = 0;
    list.replaceChildren();
    const chosen = rows.findIndex((row) => row.i === wanted.case);
    grow(chosen + 1);
    if (!rows.length) list.append(el("p", { class: "none" }, "No case fits these filters."));
    counted.textContent = rows.length === head.cases.length ? noun(rows.length, "case") : `${count(rows.length)} of ${noun(head.cases.length, "case")}`;
    writeAddress(wanted);
  };
  return { list, counted, more, update };
}

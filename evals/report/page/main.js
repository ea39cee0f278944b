async function main() {
  const page = document.getElementById("page");
  const head = await block("head");
  for (const row of head.cases) row.search = `${row.i} ${row.q} ${row.w} ${row.t.join(" ")} ${row.g}`.toLowerCase();
  const wanted = readAddress();
  const cases = listCases(head, wanted);
  const bar = el("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() });
  const draw = () => {
    bar.replaceChildren(...showFilters(head, wanted, cases.update).filter(Boolean), el("button", { type: "button", onclick: () => go({ ...EMPTY }) }, "Clear"), cases.counted);
    cases.update();
  };
  const go = (next) => { Object.assign(wanted, next); draw(); };
  const choosePart = (name, value) => { go({ ...EMPTY, [name]: value }); bar.scrollIntoView({ block: "start" }); };
  page.replaceChildren(...[showHead(head), showComparison(head.comparison), showCharts(head, choosePart),
    el("section", { id: "cases" }, el("h2", {}, "Cases"), bar, cases.list, cases.more)].flat(3).filter(Boolean));
  addEventListener("hashchange", () => go(readAddress()));
  draw();
  if (wanted.case) page.querySelector("details[open]")?.scrollIntoView({ block: "start" });
  document.documentElement.dataset.ready = "yes";
}

main().catch((error) => {
  document.getElementById("page").replaceChildren(el("p", { class: "notice" }, `This page cannot be shown: ${error.message}`));
});

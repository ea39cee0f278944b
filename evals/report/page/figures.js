// The head of the page: what was run, the big figures, how they compare, and the two charts.
const RESULTS = ["right", "wrong", "declined", "refused", "failed"];

function showHead(head) {
  const figures = head.figures;
  return [
    el("div", { class: "top" }, el("h1", { dir: "auto" }, head.suite), themeSwitch()),
    definitions("about", head.about),
    head.notices.map((text) => el("p", { class: "notice" }, text)),
    el("div", { class: "figures" },
      el("div", {},
        el("p", { class: "label" }, "Accuracy"),
        el("p", { class: "share" }, figures.shown, el("small", {}, figures.of)),
        intervalBar(figures.accuracy, figures.interval, head.comparison && head.comparison.base_accuracy),
        el("p", { class: "small soft" }, figures.note),
        el("p", { class: "label scored" }, "Abstention score, by what a wrong answer costs"),
        definitions("scores", head.scores)),
      definitions("facts", head.facts)),
  ];
}

function themeSwitch() {
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const button = el("button", { type: "button", onclick: () => { root.dataset.theme = isDark() ? "light" : "dark"; name(); } });
  const name = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  name();
  return button;
}

// From 0 to 100 %: the interval as a band, the share as a stroke in it, the base run's share as a ring.
function intervalBar(share, interval, base) {
  const x = (value) => `${(100 * value).toFixed(2)}%`;
  const label = `Accuracy ${percent(share)}` + (interval ? `, 95 % interval ${between(interval)}` : "");
  const node = svg("svg", { class: "interval", role: "img", "aria-label": label });
  node.append(svg("line", { class: "axis", x1: 0, x2: "100%", y1: 22, y2: 22 }));
  for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
    node.append(svg("line", { class: "axis", x1: x(tick), x2: x(tick), y1: 18, y2: 26 }),
      svg("text", { x: x(tick), y: 42, "text-anchor": tick === 0 ? "start" : tick === 1 ? "end" : "middle" }, `${100 * tick}${tick === 1 ? " %" : ""}`));
  }
  if (interval) node.append(svg("rect", { class: "range", x: x(interval[0]), width: x(interval[1] - interval[0]), y: 12, height: 20, rx: 2 }));
  if (base !== null && base !== undefined) node.append(svg("circle", { class: "base", cx: x(base), cy: 22, r: 5, "stroke-width": 2 }, svg("title", {}, `base run ${percent(base)}`)));
  if (share !== null) node.append(svg("rect", { class: "at", x: x(share), width: 3, y: 8, height: 28, transform: "translate(-1.5 0)" }));
  return node;
}

function showComparison(comparison) {
  if (!comparison) return null;
  return el("section", { id: "compared" }, el("h2", {}, "Compared with the base run"),
    el("div", { class: "compared" },
      el("div", {}, el("p", { class: "verdict" }, comparison.verdict), el("p", { class: "small soft" }, comparison.note),
        comparison.interval && differenceBar(comparison.difference, comparison.interval)),
      definitions("facts", comparison.facts)));
}

// Around nought: left is worse, right is better.
function differenceBar(difference, interval) {
  const reach = Math.min(1, Math.max(0.05, Math.abs(interval[0]), Math.abs(interval[1])) * 1.1);
  const x = (value) => `${(50 + (50 * value) / reach).toFixed(2)}%`;
  const points = (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(100 * value).toFixed(1)}`;
  return svg("svg", { class: "interval", role: "img", "aria-label": `Difference ${points(difference)} points, 95 % interval ${points(interval[0])} to ${points(interval[1])}` },
    svg("line", { class: "axis", x1: 0, x2: "100%", y1: 22, y2: 22 }),
    svg("line", { class: "base", x1: "50%", x2: "50%", y1: 8, y2: 36 }),
    svg("rect", { class: "range", x: x(interval[0]), width: `${((50 * (interval[1] - interval[0])) / reach).toFixed(2)}%`, y: 12, height: 20, rx: 2 }),
    svg("rect", { class: "at", x: x(difference), width: 3, y: 8, height: 28, transform: "translate(-1.5 0)" }),
    svg("text", { x: 0, y: 46 }, `${points(-reach)} points`), svg("text", { x: "50%", y: 46, "text-anchor": "middle" }, "0"),
    svg("text", { x: "100%", y: 46, "text-anchor": "end" }, points(reach)));
}

function showCharts(head, choose) {
  const stages = head.stages.length ? el("section", { id: "stages" }, el("h2", {}, "Where the time goes"), stageBars(head.stages)) : null;
  const legend = el("ul", { class: "legend" }, RESULTS.filter((each) => head.kinds.some((kind) => kind[each])).map((each) => el("li", { class: `f-${each}` }, each)));
  return [
    el("div", { class: stages ? "two" : "" }, el("section", { id: "by-kind" }, el("h2", {}, "What came of it, by kind"), outcomeBars("kind", head.kinds, choose), legend), stages),
    head.tags.length > 0 && el("section", { id: "by-tag" }, el("h2", {}, "By tag"), el("div", { class: "columns" }, outcomeBars("tag", worstFirst(head.tags), choose))),
  ];
}

// Where most is not right first; tags that are all right keep the suite's order.
const worstFirst = (rows) => rows.map((row) => [row.right / row.cases, row]).sort((a, b) => a[0] - b[0]).map(([, row]) => row);

function outcomeBars(name, rows, choose) {
  return rows.map((row) => el("div", { class: "bars" },
    el("button", { type: "button", title: `Show the cases with ${name} ${plain(row.name)}`, onclick: () => choose(name, row.name) }, row.name),
    stack(RESULTS.map((each) => [each, row[each]]), row.cases, `${row.name}: ` + RESULTS.filter((each) => row[each]).map((each) => `${row[each]} ${each}`).join(", ")),
    el("span", { class: "value" }, `${count(row.right)} / ${count(row.cases)}`)));
}

function stack(parts, total, label) {
  const bar = svg("svg", { role: "img", "aria-label": plain(label), preserveAspectRatio: "none" }, svg("title", {}, label));
  let start = 0;
  for (const [name, size] of parts) {
    if (size) bar.append(svg("rect", { class: `f-${name}`, x: `${(100 * start) / total}%`, width: `${(100 * size) / total}%`, y: 0, height: 13 }));
    start += size;
  }
  return bar;
}

function stageBars(stages) {
  const longest = Math.max(...stages.map((each) => each.p95), 0.001);
  const bars = stages.map(({ name, p50, p95 }) => el("div", { class: "bars" }, el("span", {}, name),
      stack([["right", p50], ["p95", Math.max(0, p95 - p50)]], longest, `${name}: median ${milliseconds(p50)}, 95 % within ${milliseconds(p95)}`),
      el("span", { class: "value" }, `${milliseconds(p50)} · ${milliseconds(p95)}`)));
  return [bars, el("ul", { class: "legend" }, el("li", { class: "f-right" }, "median"), el("li", { class: "f-p95" }, "95 % within"))];
}

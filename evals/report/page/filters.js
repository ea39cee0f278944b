// What is shown of the cases. It stands in the address after #, so that a link shows the same to others.
const EMPTY = { q: "", kind: "", tag: "", outcome: "", change: "", sort: "", strict: "", flaky: "", must: "", case: "" };
const ORDERS = { "": "not right first", suite: "order of the suite", slow: "slowest first", cost: "most costly first" };
const CHANGES = { flip: "any flip", won: "right more often", lost: "right less often" };
const WORDS = { wrong_rows: "wrong rows", wrong_columns: "wrong columns", wrong_order: "wrong order", wrong_error: "SQL failed", wrong_answered: "answered all the same",
  unsafe_executed: "unsafe SQL ran", guard_blocked: "guard refused", lenient: "right, more columns" };
const wordOf = (outcome) => WORDS[outcome] || outcome;

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(Object.keys(EMPTY).map((name) => [name, given.get(name) || ""]));
}

function writeAddress(wanted) {
  const kept = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
  history.replaceState(null, "", `#${kept}`);
}

// The outcome of each repeat: “lenient” is right with more columns than asked for.
const outcomesOf = (row) => row.o.map((outcome, i) => (outcome === "right" && !row.s[i] ? "lenient" : outcome));
const isFlaky = (row) => new Set(row.o.map((each) => each === "right")).size > 1;
const isNotRight = (row, strict) => outcomesOf(row).some((each) => each !== "right" && (strict || each !== "lenient"));

function fits(row, wanted, words) {
  if (wanted.kind && row.k !== wanted.kind) return false;
  if (wanted.tag && !row.t.includes(wanted.tag)) return false;
  if (wanted.flaky && !isFlaky(row)) return false;
  if (wanted.must && !row.must) return false;
  if (wanted.change === "flip" ? !row.f : wanted.change && row.f !== wanted.change) return false;
  if (wanted.outcome === "not-right" ? !isNotRight(row, wanted.strict) : wanted.outcome && !fitsOutcome(row, wanted)) return false;
  return words.every((word) => row.search.includes(word));
}

function fitsOutcome(row, wanted) {
  const outcomes = outcomesOf(row);
  if (wanted.outcome === "right" && !wanted.strict) return outcomes.some((each) => each === "right" || each === "lenient");
  return outcomes.includes(wanted.outcome);
}

function choose(rows, wanted) {
  const words = wanted.q.toLowerCase().split(/\s+/).filter(Boolean);
  const found = rows.filter((row) => fits(row, wanted, words));
  const keys = { "": (row) => severity(row, wanted.strict), slow: (row) => -(row.m || 0), cost: (row) => -Number(row.c || 0) };
  const key = keys[wanted.sort];
  return key ? found.map((row) => [key(row), row]).sort((a, b) => a[0] - b[0]).map(([, row]) => row) : found;
}

// Unsafe first, then wrong numbers, then no answer, then right; a sort keeps the suite's order within each.
function severity(row, strict) {
  const rank = { unsafe_executed: 0, wrong_answered: 1, failed: 5, timeout: 5, wrong_error: 5, guard_blocked: 4, declined: 3, clarified: 3, lenient: strict ? 2 : 6, right: 7 };
  return Math.min(...outcomesOf(row).map((each) => rank[each] ?? 2));
}

function showFilters(head, wanted, changed) {
  const set = (name) => (event) => { wanted[name] = event.target.type === "checkbox" ? (event.target.checked ? "1" : "") : event.target.value; changed(); };
  const select = (name, label, options) => el("select", { "aria-label": label, name, onchange: set(name) }, options.map(([value, text]) => el("option", { value, selected: wanted[name] === value }, text)));
  const box = (name, text, title) => el("label", { title }, el("input", { type: "checkbox", name, checked: Boolean(wanted[name]), onchange: set(name) }), text);
  const tally = (values) => [...values.reduce((all, each) => all.set(each, (all.get(each) || 0) + 1), new Map())];
  const outcomes = tally(head.cases.flatMap((row) => [...new Set(outcomesOf(row))]));
  const search = el("input", { type: "search", name: "q", placeholder: "Search questions, ids, reasons", "aria-label": "Search", value: wanted.q, oninput: set("q") });
  return [
    search,
    select("outcome", "Outcome", [["", "every outcome"], ["not-right", "not right"], ...outcomes.map(([value, n]) => [value, `${wordOf(value)} (${count(n)})`])]),
    select("kind", "Kind", [["", "every kind"], ...head.kinds.map((each) => [each.name, each.name])]),
    select("tag", "Tag", [["", "every tag"], ...head.tags.map((each) => [each.name, each.name])]),
    head.comparison && select("change", "Flips", [["", "flips or not"], ...Object.entries(CHANGES)]),
    select("sort", "Order", Object.entries(ORDERS)),
    el("span", { class: "break" }),
    box("strict", "strict", "More columns than asked for count as not right"),
    head.repeats > 1 && box("flaky", "flaky", "Right in some repeats, not in others"),
    head.cases.some((row) => row.must) && box("must", "must pass", "Cases that have to be right"),
  ];
}

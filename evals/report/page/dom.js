// Elements are made here and nowhere else: what comes from data is text, never markup.
const SVG = "http://www.w3.org/2000/svg";
const BIDI = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

// Control characters and those that turn the direction of writing are shown, not obeyed.
function plain(value) {
  return String(value).replace(BIDI, (c) => "\u2423" + c.codePointAt(0).toString(16).padStart(2, "0"));
}

function put(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of [children].flat(3)) {
    if (child === undefined || child === null || child === "" || child === false) continue;
    node.append(child instanceof Node ? child : plain(child));
  }
  return node;
}

const el = (tag, attributes, ...children) => put(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => put(document.createElementNS(SVG, tag), attributes, children);

function definitions(className, pairs) {
  return el("dl", { class: className }, pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined)
    .map(([name, value, kind, note]) => el("div", { class: kind }, el("dt", {}, name),
      el("dd", {}, value, note && el("small", {}, note)))));
}

const count = (number) => number.toLocaleString("en-US");
const noun = (number, one) => `${count(number)} ${one}${number === 1 ? "" : "s"}`;
const percent = (share, digits = 1) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(digits)} %`);
const between = (pair, digits = 1) => (pair ? `${(100 * pair[0]).toFixed(digits)}–${(100 * pair[1]).toFixed(digits)} %` : "");

function milliseconds(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms >= 1000) return `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`;
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

function money(amount, currency) {
  if (amount === null || amount === undefined || amount === "") return "–";
  const number = Number(amount);
  const digits = number === 0 || number >= 1 ? 2 : Math.min(8, 2 - Math.floor(Math.log10(number)));
  return `${currency === "USD" ? "$" : currency + " "}${number.toFixed(digits)}`;
}

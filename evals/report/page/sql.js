// SQL in colour: a list of spans, made of text alone. What is not recognised stays plain.
const KEYWORDS = new Set(("select from where group by order having limit offset join left right full inner outer cross on using and or not in is null "
  + "like between exists case when then else end as distinct union all intersect except with recursive over partition rows range unbounded preceding "
  + "following current row asc desc nulls first last cast interval filter values true false escape qualify window lateral").split(" "));
const TOKEN = /(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^']|'')*'?)|("(?:[^"]|"")*"?|`[^`]*`?)|(\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b)|([A-Za-z_]\w*)/g;
// A browser that is given a million spans stops; a statement this long is read as a text.
const COLOURED = 40000;

function coloured(sql) {
  const pre = el("pre", { tabindex: 0, dir: "ltr" });
  if (sql.length > COLOURED) { pre.append(plain(sql)); return pre; }
  let end = 0;
  for (const found of sql.matchAll(TOKEN)) {
    const [text, comment, string, , number, word] = found;
    const kind = comment ? "c" : string ? "s" : number ? "n" : word && KEYWORDS.has(word.toLowerCase()) ? "k" : "";
    if (!kind) continue;
    pre.append(plain(sql.slice(end, found.index)), el("span", { class: kind }, text));
    end = found.index + text.length;
  }
  pre.append(plain(sql.slice(end)));
  return pre;
}

// Keys for the question box. The page is Streamlit's, so what is found by its test ids may be missing: then nothing
// happens.
let listening;  // of the last call: Streamlit calls again with new data, and cleans up only when the page goes away

export default function ({ data }) {
  const questions = data?.questions ?? [];  // the oldest first
  let place = questions.length;

  const box = () => document.querySelector('[data-testid="stChatInputTextArea"]');
  const isTyping = (node) =>
    node instanceof Element && node.closest('input, textarea, select, [contenteditable="true"], [role="textbox"]');

  function write(area, text) {
    // Past React's own setter, which would not notice.
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(area, text);
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.setSelectionRange(text.length, text.length);
  }

  function recall(event, area) {
    const shown = questions[place] ?? "";
    if (area.value !== "" && area.value !== shown) return;  // what somebody types stays
    if (area.value === "") place = questions.length;
    const next = place + (event.key === "ArrowUp" ? -1 : 1);
    if (next < 0 || next > questions.length) return;
    place = next;
    event.preventDefault();
    write(area, questions[place] ?? "");
  }

  function pressed(event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const area = box();
    if (event.key === "/" && area && !isTyping(event.target)) {
      event.preventDefault();
      area.focus();
      area.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Escape") {
      document.querySelector(".st-key-stop button")?.click();
    } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && area && event.target === area) {
      recall(event, area);
    }
  }

  // In the capture phase: before Streamlit's own handlers, some of which keep keys to themselves.
  listening?.abort();
  const own = (listening = new AbortController());
  document.addEventListener("keydown", pressed, { capture: true, signal: own.signal });
  return () => own.abort();
}

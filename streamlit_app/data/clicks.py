"""Shows a picture whose boxes can be clicked, or reached and pressed by the keyboard."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

# What it is given is made by `streamlit_app.data.diagram`, which escapes every name.
_SCRIPT = """
export default function ({ parentElement, data, setTriggerValue }) {
  const frame = parentElement.querySelector(".data-scroll");
  frame.setAttribute("aria-label", data.label);
  if (frame.shown !== data.svg) {
    frame.innerHTML = data.svg;
    frame.shown = data.svg;
  }
  const pick = (event) => {
    const box = event.target.closest("[data-table]");
    if (!box || (event.type === "keydown" && event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    setTriggerValue("picked", box.dataset.table);
  };
  frame.onclick = pick;
  frame.onkeydown = pick;
}
"""


def show_clickable(svg: str, label: str, pick: Callable[[str], None], *, key: str) -> None:
    """`pick` is told the `data-table` of a box, as the browser says: it may be anything. `label` names the frame, in
    which a wide picture scrolls."""

    def picked() -> None:
        pick(str(st.session_state[key].get("picked") or ""))

    component = st.components.v2.component(
        "data_diagram",
        html='<div class="data-scroll" role="region" tabindex="0"></div>',
        js=_SCRIPT,
        isolate_styles=False,
    )
    component(data={"svg": svg, "label": label}, key=key, on_picked_change=picked)

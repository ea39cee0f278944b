"""The health of the installation on screen: asked when the button is pressed, told line by line."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from nl2sql.settings import Settings, load_settings
from streamlit_app import services, widgets
from streamlit_app.about.health import Health, examine, probes
from streamlit_app.safe import as_html
from streamlit_app.services import Present, Ready, shielded
from streamlit_app.words import messages, say

_KEY = "about-health"


@st.fragment
def show_health() -> None:
    """A fragment: while it waits, the rest of the page can be used. So it looks anew who is there."""
    with shielded(widgets.problem):
        here = _who()
        if here is None or "settings" not in here.person.may:
            return
        widgets.small(say("about.health_lead"))
        pressed = st.button(say("about.check"), key="about-check", icon=":material/vital_signs:")
        place = st.empty()
        if pressed:
            st.session_state[_KEY] = _look(here, load_settings(), place)
        elif _KEY in st.session_state:
            place.html(_list(st.session_state[_KEY], 0))


def _who() -> Ready | Present | None:
    """Also where nothing can be asked: then one wants to know what else is out of order."""
    ready = services.start()
    if isinstance(ready, Ready):
        return ready
    here = services.who_is_here()
    return here if isinstance(here, Present) else None


def _look(here: Ready | Present, settings: Settings, place: DeltaGenerator) -> list[Health]:
    parts = probes(here, settings)
    found: list[Health] = []
    for each in examine(parts, owner=here.person.user):
        if each is not None:
            found.append(each)
        # Drawing is also where Streamlit notices that somebody clicked elsewhere.
        place.html(_list(found, len(parts) - len(found)))
    order = list(parts)
    found.sort(key=lambda health: order.index(health.part))
    place.html(_list(found, 0))
    return found


def _list(found: list[Health], waiting: int) -> str:
    rows = "".join(_row(each) for each in found)
    left = f"<li>{as_html(say('about.checking', count=waiting))}</li>" if waiting else ""
    return f'<div role="status"><ul class="about-health">{rows}{left}</ul></div>'


def _row(each: Health) -> str:
    key = "about.health.late" if each.state == "late" else f"about.health.{each.part}.{each.state}"
    sentence = say(key, **each.values)
    part = say(f"about.part.{each.part}")
    more = "".join(f"<small>{as_html(text)}</small>" for text in (_remedy(each), each.detail) if text)
    mark = say(f"about.state.{each.state}")
    return (
        f'<li class="{each.state}"><span class="state">{as_html(mark)}</span>'
        f"<div><strong>{as_html(part)}</strong> {as_html(sentence)}{more}</div></li>"
    )


def _remedy(each: Health) -> str:
    if each.state in ("ok", "off"):
        return ""
    key = f"about.remedy.{each.part}"
    return say(key) if key in messages() else ""

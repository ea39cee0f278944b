"""axe-core's rules on a page in a real browser: `assert problems_on(page) == []`."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# The other two, minor and moderate, are matters of taste as often as not (such as the order of headings).
BAD = ("serious", "critical")


def problems_on(page: Page) -> list[str]:
    """Serious and critical ones, each with the first elements it was found at. Let the page come to rest before."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']} – {[node['html'][:120] for node in each['nodes'][:3]]}"
        for each in found
        if each["impact"] in BAD
    ]

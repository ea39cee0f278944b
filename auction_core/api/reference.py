"""The API's description for people: one page without scripts, made from the description for programs."""

from html import escape
from typing import Any

_METHODS = ("get", "post", "put", "delete")
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc } code, pre { font-family: ui-monospace, monospace }
pre { background: #f4f4f4; padding: .75rem; overflow-x: auto } summary { cursor: pointer; padding: .3rem 0 }
b { display: inline-block; min-width: 4.5rem; text-transform: uppercase }
"""


def page(description: dict[str, Any]) -> str:
    """HTML in UTF-8."""
    info = description["info"]
    groups: dict[str, list[str]] = {}
    for path, item in description["paths"].items():
        for method in _METHODS:
            if method in item:
                groups.setdefault(item[method]["tags"][0], []).append(_operation(method, path, item[method]))
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(parts)}" for tag, parts in groups.items())
    intro = "".join(f"<p>{escape(part)}</p>" for part in info["description"].split("\n\n"))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>{escape(info['title'])}</h1>{intro}"
        f'<p>For programs: <a href="/openapi.json">openapi.json</a></p>{body}</html>'
    )


def style() -> str:
    return _STYLE


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parts = [f"<p>{escape(operation.get('description', ''))}</p>"]
    parameters = [
        f"<li><code>{escape(one['name'])}</code> ({one['in']}) {escape(one.get('description', ''))}</li>"
        for one in operation.get("parameters", ())
    ]
    if parameters:
        parts.append(f"<ul>{''.join(parameters)}</ul>")
    answers = [
        f"<li>{status} {escape(', '.join(_codes(answer)) or answer['description'])}</li>"
        for status, answer in sorted(operation["responses"].items())
    ]
    parts.append(f"<ul>{''.join(answers)}</ul>")
    return (
        f"<details><summary><b>{method}</b> <code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
        f"{''.join(parts)}</details>"
    )


def _codes(answer: dict[str, Any]) -> list[str]:
    return [code for content in answer.get("content", {}).values() for code in content.get("examples", {})]

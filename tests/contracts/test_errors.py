"""The tree drawn at the top of errors.py is the tree of its classes."""

from __future__ import annotations

import inspect
import re

from nl2sql import errors


def _drawn() -> dict[str, str]:
    """Class → parent, read from the indentation of the drawing."""
    parents: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^ {4}((?:[│├└─ ]*))([A-Z]\w+)", line)
        if not match:
            continue
        depth, name = len(match[1]), match[2]
        while path and path[-1][0] >= depth:
            path.pop()
        parents[name] = path[-1][1] if path else "Exception"
        path.append((depth, name))
    return parents


def _defined() -> dict[str, type[errors.Nl2SqlError]]:
    return {
        name: each
        for name, each in inspect.getmembers(errors, inspect.isclass)
        if each.__module__ == errors.__name__ and issubclass(each, errors.Nl2SqlError)
    }


def test_the_drawn_tree_is_the_tree_of_classes() -> None:
    assert _drawn() == {name: each.__bases__[0].__name__ for name, each in _defined().items()}


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [each.code for each in _defined().values()]
    assert sorted(codes) == sorted(set(codes))


def test_only_errors_of_a_model_or_a_database_are_worth_another_try() -> None:
    retryable = {name for name, each in _defined().items() if each.retryable}
    assert retryable == {"ModelUnreachable", "ModelTimedOut", "ModelBusy", "DatabaseUnreachable"}

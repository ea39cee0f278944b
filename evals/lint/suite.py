"""Rules that look at cases side by side. Each problem comes with the index of its case, None for the suite itself."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from evals.cases.base import Case
from evals.lint.base import Problem, Subject, SuiteRule, error, warning
from evals.matching.rules import Gold

Placed = tuple[int | None, Problem]


def asked_twice(subjects: tuple[Subject, ...]) -> Iterator[Placed]:
    """The same words under the same circumstances are one case, unless a family says that they belong together."""
    first: dict[tuple[object, ...], Case] = {}
    for index, each in enumerate(subjects):
        case = each.case
        other = first.setdefault(_asked(case), case)
        if other is not case and (case.family is None or case.family != other.family):
            message = f"asks the same as {other.id}; make them one case, or give both one “family”."
            yield index, error("asked_twice", message, "question")


def twins(subjects: tuple[Subject, ...]) -> Iterator[Placed]:
    """Without twins, a writer gains by declining whatever looks like what must be declined."""
    declined = [index for index, each in enumerate(subjects) if each.case.must_be_declined]
    without = [index for index in declined if subjects[index].case.twin is None]
    if declined and without == declined:
        message = f"none of the {len(declined):,} cases that must be declined names a “twin” that has an answer."
        yield None, warning("no_twins", message, "cases")
        return
    for index in without:
        yield index, warning("no_twin", "names no “twin” in nearly the same words that has an answer.", "")
    shared = Counter(subjects[index].case.twin for index in declined)
    for index in declined:
        twin = subjects[index].case.twin
        if twin is not None and shared[twin] > 1:
            yield index, warning("shared_twin", f"“{twin}” is the twin of {shared[twin]} cases.", "twin")


def families(subjects: tuple[Subject, ...]) -> Iterator[Placed]:
    members: dict[str, list[int]] = defaultdict(list)
    for index, each in enumerate(subjects):
        if each.case.family:
            members[each.case.family].append(index)
    for name, indexes in members.items():
        if len(indexes) == 1:
            yield indexes[0], warning("lonely", f"is the only case of the family “{name}”.", "family")
        days = {subjects[index].case.as_of for index in indexes}
        if len(days) > 1:
            yield indexes[0], warning("family_days", f"the family “{name}” is asked on several days.", "family")
        results = {index: print_ for index in indexes if (print_ := _fingerprint(subjects[index]))}
        odd = [index for index in results if results[index] != results[min(results)]]
        for index in odd:
            first = subjects[min(results)].case.id
            yield index, warning("family_results", f"has another result than {first}, of its family “{name}”.", "sql")


def told_apart(subjects: tuple[Subject, ...]) -> Iterator[Placed]:
    """Two questions whose golds give the same everywhere: an answer to the one is taken for an answer to the other."""
    first: dict[object, int] = {}
    for index, each in enumerate(subjects):
        print_ = _fingerprint(each)
        if print_ is None:
            continue
        other = subjects[first.setdefault(print_, index)].case
        if other.id != each.case.id and other.group != each.case.group:
            message = f"its gold gives the same as that of {other.id} on every instance: the two cannot be told apart."
            yield index, warning("same_result", message)


SUITE_RULES: Final[tuple[SuiteRule, ...]] = (asked_twice, twins, families, told_apart)


def normalised(question: str) -> str:
    """Without case, accents' spelling, punctuation and spaces."""
    text = unicodedata.normalize("NFKC", question).casefold()
    return " ".join(re.findall(r"\w+", text))


def _asked(case: Case) -> tuple[object, ...]:
    circumstances = (case.role, tuple(sorted(case.attributes.items())), case.as_of, case.model, case.database)
    return (normalised(case.question), *map(normalised, case.turns), circumstances)


def _fingerprint(subject: Subject) -> object | None:
    """Of the first gold on all instances, by values and not by names; None where it did not run on each."""
    statement = next((each for each in subject.statements if each.reads), None)
    if statement is None or len(statement.golds) < len(statement.reads):
        return None
    return tuple((name, _values(gold)) for name, gold in statement.golds.items())


def _values(gold: Gold) -> object:
    places = gold.places or tuple(range(len(gold.table.columns)))
    return tuple(sorted(tuple(sorted(repr(row[place]) for place in places)) for row in gold.table.rows))

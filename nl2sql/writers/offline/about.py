"""Questions about the data itself: "what can I ask?", "what does GMV mean?", "which columns do listings have?".

They are recognised by their wording, which is general English; what they are about must be one term of the model, or
the question is left to the others. What a role may not see is never described.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import FieldRef, Measure, QueryPlan
from nl2sql.writers.offline.about_texts import (
    about_metrics,
    about_tables,
    capabilities,
    columns_of,
    term,
    values_of,
)
from nl2sql.writers.offline.senses import Chunk, WordSense

# A term is looked up as the words of a question are; the answer is the chunks that they make.
Link = Callable[[str], tuple[Chunk, ...]]

_TERM = r"(?P<term>[^?!]{1,80}?)"
_END = r"\s*(?:,?\s*please)?\s*[?.!]*$"
_EXACTLY = r"(?:exactly |actually )?"
_CAPABILITIES = re.compile(
    r"^(?:(?:hi|hello|hey)(?: there)?|help(?: me)?|what(?: else)? (?:can|could|should) (?:i|we|you|one) "
    r"(?:ask|do|answer|query|find out|tell me)(?: you| here| about)*|what (?:kind|kinds|sort|sorts|type|types) of "
    r"questions? (?:can|could|do) (?:i|we|you) \w+(?: you)?|what questions (?:can|could) (?:i|we|you) \w+(?: you)?|"
    r"how (?:do|does|can) (?:i|this|it) (?:ask|work|use this)(?: here)?|how does this work|"
    r"(?:give|show) me (?:some |an )?(?:examples?|example questions?)|examples?|example questions|what are you|"
    r"what do you know|what is this)(?: please)?" + _END
)
_MEANING = (
    re.compile(rf"^what (?:do|does) (?:the )?(?:term |word )?{_TERM} {_EXACTLY}(?:mean|stand for){_END}"),
    re.compile(rf"^what(?: is|'s|’s| are) (?:{_EXACTLY})?meant by {_TERM}{_END}"),
    re.compile(rf"^what do you mean by {_TERM}{_END}"),
    re.compile(rf"^(?:what(?: is|'s|’s) |give me )?(?:the )?(?:meaning|definition|formula) (?:of|for) {_TERM}{_END}"),
    re.compile(rf"^(?:please )?(?:define|explain(?: what)?|explain the term) {_TERM}(?: means?| is| are)?{_END}"),
    re.compile(
        rf"^how (?:is|are|do you|do we) (?:the )?(?:define |calculate |compute |measure )?{_TERM}"
        rf"(?: {_EXACTLY}(?:defined|calculated|computed|measured|determined|worked out))?{_END}"
    ),
    re.compile(rf"^what (?:counts|qualifies) as (?:a |an )?{_TERM}{_END}"),
    re.compile(rf"^what {_EXACTLY}(?:is|are) (?:a|an) {_TERM}{_END}"),
    re.compile(rf"^what exactly (?:is|are) {_TERM}{_END}"),
)
_HOW = re.compile(r"^how (?:is|are) ")
_HOW_ENDS = re.compile(rf"(?:defined|calculated|computed|measured|determined|worked out){_END}")
_HOW_DO = re.compile(r"^how do (?:you|we) (?!define |calculate |compute |measure )")
_TABLES = re.compile(
    r"^(?:which|what|show me (?:the|all|all the|your)|list(?: all| the| all the)?|show(?: the| all| all the)?) "
    r"(?:tables|datasets|entities|data sets)(?: (?:are there|do you have|do we have|exist|are available|is there|"
    r"can i (?:query|ask about|use)|are in the (?:database|data)))?"
    + _END
    + r"|^what (?:data|information) (?:do you have|is there|is available|do we have|is in the database)"
    + _END
    + r"|^(?:what is|what's) in (?:the|this|your) (?:database|data)"
    + _END
    + r"|^(?:describe|explain) the (?:database|schema|data|data model)"
    + _END
)
_METRICS = re.compile(
    r"^(?:which|what|show me (?:the|all|all the|your)|list(?: all| the| all the)?|show(?: the| all| all the)?) "
    r"(?:metrics|measures|kpis|figures)(?: (?:are there|do you (?:have|know)|do we have|exist|are available|"
    r"can i (?:query|ask about|ask for|use)))?" + _END
)
_COLUMNS = (
    re.compile(
        rf"^(?:which|what) (?:columns|fields|attributes) (?:do|does|are there (?:in|on|for)|are in|has|have|of|for) "
        rf"(?:the |a )?{_TERM}(?: table| dataset)?(?: have| has)?{_END}"
    ),
    re.compile(rf"^(?:describe|columns of|fields of) (?:the )?{_TERM}(?: table| dataset)?{_END}"),
    re.compile(
        rf"^what (?:information |data |details )?"
        rf"(?:do (?:you|we) (?:have|know|store|keep|record)|is (?:known|stored|recorded|kept))"
        rf" (?:about|on|for) (?:the |a )?{_TERM}{_END}"
    ),
)
_VALUES = re.compile(
    rf"^(?:which|what) (?:possible )?values (?:can|does|do|are there for) (?:the |a )?{_TERM}(?: have| take)?{_END}"
    rf"|^(?:possible|allowed) values (?:of|for) (?:the )?(?P<other>[^?!]{{1,80}}?){_END}"
)
_FRESH = re.compile(
    r"^how (?:fresh|current|up to date|up-to-date|recent|old|new) (?:is|are) "
    r"(?:the|this|your|our) (?:data|database|numbers)"
    + _END
    + r"|^(?:until|up to|till|to) (?:when|what date|which date|which day) (?:does|do|is|are) "
    r"(?:the|this|your|our) data (?:go|reach|run|available|there|last)"
    + _END
    + r"|^how far (?:back )?(?:does|do) (?:the|this|your|our) data (?:go|reach)(?: back)?"
    + _END
    + r"|^(?:what|which) (?:is the )?(?:period|date range|time range|time span|dates|time|years) (?:does|do|is|are|of) "
    r"(?:the|this|your|our) data(?: (?:cover|covered|span|covers|for))?"
    + _END
    + r"|^what is the date range(?: of (?:the|this|your|our) data)?"
    + _END
    + r"|^when (?:was|were) (?:the|this|your|our) data (?:last )?(?:updated|refreshed|loaded)(?: last)?"
    + _END
    + r"|^when (?:does|do|did) (?:the|this|your|our) data (?:start|begin|end|stop)"
    + _END
)
_SINCE = re.compile(r"range|period|span|cover|back|start|begin|years|dates")
_ARTICLE = re.compile(r"^(?:the|a|an|our|your) ")


def explanation(text: str, model: SemanticModel, link: Link) -> tuple[str, tuple[str, ...]] | None:
    """The text and what can be asked next; None where the question is about something else. `model` is as the asker
    may see it."""
    asked = " ".join(text.lower().split())
    if _CAPABILITIES.match(asked):
        return capabilities(model), model.examples
    if _TABLES.match(asked):
        return about_tables(model), ()
    if _METRICS.match(asked):
        return about_metrics(model), ()
    if (found := _VALUES.match(asked)) and (said := values_of(_linked(found["term"] or found["other"], link), model)):
        return said, ()
    for pattern in _COLUMNS:
        if (found := pattern.match(asked)) and (said := columns_of(_linked(found["term"], link), model)):
            return said, ()
    return _meaning(" ".join(text.split()), asked, model, link)


def _meaning(typed: str, asked: str, model: SemanticModel, link: Link) -> tuple[str, tuple[str, ...]] | None:
    if (_HOW.match(asked) and not _HOW_ENDS.search(asked)) or _HOW_DO.match(asked):
        return None
    for pattern in _MEANING:
        found = pattern.match(asked)
        if not found:
            continue
        words = _ARTICLE.sub("", found["term"].strip(" \"'“”‘’"))
        at = asked.find(words)
        if said := term(typed[at : at + len(words)], _linked(words, link), model):
            return said, tuple(each for each in model.examples if words in each.lower())
    return None


def _linked(words: str, link: Link) -> Chunk | None:
    """The one chunk that the words make; None when they are more than one thing."""
    chunks = [c for c in link(words) if not (c.senses and all(_is_filler(s) for s in c.senses))]
    return chunks[0] if len(chunks) == 1 and not chunks[0].corrected else None


def _is_filler(sense: object) -> bool:
    return isinstance(sense, WordSense) and sense.kind == "filler"


def freshness(text: str, model: SemanticModel) -> QueryPlan | None:
    """ "How fresh is the data?": the last date of each dataset; "What is the date range?": the first one too."""
    asked = " ".join(text.lower().split())
    if not _FRESH.match(asked):
        return None
    plans = []
    for dataset in model.datasets:
        if not dataset.time_field or dataset.field(dataset.time_field).sensitive:
            continue
        ref, label = FieldRef((), dataset.name, dataset.time_field), (dataset.label or dataset.name).replace(" ", "_")
        first = (Measure("agg", f"first_of_{label}", "min", ref),) if _SINCE.search(asked) else ()
        plans.append(QueryPlan(dataset.name, measures=(*first, Measure("agg", f"last_of_{label}", "max", ref))))
    if not plans:
        return None
    return QueryPlan(plans[0].base, measures=plans[0].measures, beside=tuple(plans[1:]))

"""English that says nothing of its own: verbs that only join a thing to what is said of it, asides, politeness.

"listings that attracted 10 bids", "payments that carry a fee over 5" – the nouns beside such a verb say all there is. A
verb with a meaning of its own (spend, recommend, fall, lack) must never stand here: it would be read over in silence.
"""

from __future__ import annotations

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked

_REGULAR = (
    "attract carry charge earn gain gather collect obtain involve contain include comprise occur appear log track "
    "reach achieve yield deliver handle process relate concern regard attach associate assign connect link correspond "
    "participate engage enter host feature possess boast enjoy experience provide present report operate "
    "reside locate situate originate stem assemble accumulate amass garner record register_as happen count_up arrive"
)
_IRREGULAR = (
    "see saw stand stood hold held draw drew drawn bring brought bringing sit sat sitting undergo underwent "
    "tie tied tying"
)
_PHRASES = (
    "rack up | racked up | pile up | piled up | clock up | clocked up | notch up | notched up | pull in | pulled in | "
    "rake in | raked in | take part in | took part in | taking part in | act as | acted as | serve as | served as | "
    "put on | put onto | put in | base in | based in | hail from | consist of | fall under | fall into | fell into | "
    "come in | sign up as | show up | showed up | turn up | turned up | end up with | ended up with | come with | "
    "came with"
)
_ASIDES = (
    "actually | really | basically | generally | normally | usually | kindly | in particular | particular | "
    "still | already | as well | too | at the moment | moment | "
    "at present | presently | as of now | as of today | these days | nowadays | all time | of all time | "
    "since the start | since the beginning | since launch | since inception | from the start | "
    "from the beginning | over the whole history | over all time | in history | whole history | history | "
    "all months we have | by anybody | by anyone | by somebody | by someone | interested in | interested | "
    "curious | wonder | wondering | find out | figure out | look at | looking for | let me know | let me see | "
    "let us see | tell us | help me | i am | am | we are | i have | pull up | work out | compute | calculate | "
    "determine | retrieve | return | output | provide me | give us | statistic | she | he | him | his | her | "
    "himself | herself | done | side by side | in one row | in one table | in two columns | in columns | "
    "one row each | as columns | as rows | in a table | as a table | at a glance | per row | in full | figure | "
    "data on | information on | info on | detail on | question | quick question | overall picture | in question"
)
_BY = "in terms of | measured by | measured in | based on | as measured by | judged by | going by"


def _inflected(verbs: str) -> str:
    """Base form, past and participle; plurals and third persons are made singular before they are looked up."""
    forms = []
    for verb in verbs.split():
        head, _, tail = verb.partition("_")
        stem = head[:-1] if head.endswith("e") else head
        past = f"{head[:-1]}ied" if head.endswith("y") and head[-2] not in "aeiou" else f"{stem}ed"
        forms += [f"{form} {tail}".strip() for form in (head, past, f"{stem}ing")]
    return " | ".join(forms)


def read_neutral(question: Linked, inner: Inner) -> QueryPlan | None:
    """Only words: they are skipped where the plain reader meets them."""
    return None


NEUTRAL = Construct(
    "neutral",
    read_neutral,
    {
        ("filler", ""): " | ".join((_inflected(_REGULAR), " | ".join(_IRREGULAR.split()), _PHRASES, _ASIDES)),
        ("by", ""): _BY,
    },
)

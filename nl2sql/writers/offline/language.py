"""The English of questions: what its function words do. Nothing here knows of any model's business.

Each entry maps a phrase to (kind, argument). A phrase that carries meaning is never filler: a word that is neither
here nor in the model makes the writer decline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nl2sql.writers.offline.tokens import normalize

_PHRASES: dict[tuple[str, str], str] = {
    ("count", ""): (
        "how many | total number of | number of | count up | count up the | how many times | the count of | count of | "
        "count | how often | the number of | amount of | tally of | volume of"
    ),
    ("agg", "avg"): "average | avg | mean | on average | typical | in average",
    ("agg", "sum"): (
        "total | sum | sum of | total of | overall | altogether | in total | combined | how much | how much money | "
        "how big is | how big was | how large is | how high is | how high was"
    ),
    ("agg", "median"): "median",
    ("extreme", "max"): "highest | maximum | max | largest | biggest | greatest | top | best | record",
    ("extreme", "min"): "lowest | minimum | min | smallest | worst | bottom | poorest",
    ("most", "max"): "most | highest number of | largest number of | most number of",
    ("most", "min"): "fewest | least | lowest number of | smallest number of",
    ("dear", "max"): "most expensive | priciest | costliest | dearest | highest priced",
    ("dear", "min"): "cheapest | least expensive | lowest priced",
    ("recent", "max"): "latest | newest | most recent | most recently",
    ("recent", "min"): "oldest | earliest",
    ("recent", "max all"): "newest first | latest first | most recent first",
    ("recent", "min all"): "oldest first | earliest first",
    ("dear", "max all"): "most expensive first | dearest first | priciest first | costliest first",
    ("dear", "min all"): "cheapest first",
    ("distinct", ""): "distinct | unique | different",
    ("by", ""): (
        "by | per | for each | for every | in each | of each | each | every | grouped by | group by | broken "
        "down by | break down by | split by | split up by | across | by each | within each | on each | "
        "according to"
    ),
    ("grain", "day"): "day | daily | date | day by day",
    ("grain", "week"): "week | weekly | calendar week | week by week",
    ("grain", "month"): "month | monthly | month by month | over time | calendar month",
    ("grain", "quarter"): "quarter | quarterly | quarter by quarter | calendar quarter",
    ("grain", "year"): "year | yearly | annual | annually | year by year | calendar year",
    ("compare", ">"): (
        "more than | over | above | greater than | higher than | larger than | exceed | exceeding | bigger "
        "than | upward of | > | in excess of | worth more than | exceeded | beyond"
    ),
    ("compare", ">="): "at least | no fewer than | no less than | not less than | minimum of | a minimum of | >=",
    ("compare", "<"): "less than | fewer than | under | below | lower than | smaller than | < | cheaper than",
    ("compare", "<="): "at most | no more than | not more than | up to | maximum of | a maximum of | <=",
    ("compare", "="): "exactly | equal to | equals | precisely | =",
    ("between", ""): "between",
    ("single", ""): "single | a single | just one | only one | one single | exactly a single",
    ("or_more", ">="): "or more | or higher | or above | or over | and above | and more | or better",
    ("or_more", "<="): "or less | or fewer | or lower | or below | or under | and below | or worse",
    ("not", ""): (
        "not | never | without | without any | without a | no | non | nobody | no one | not any | not a | "
        "have no | has no | had no | with no | not have any | never had | do not have | not been | have yet "
        "to | has yet to | had yet to | that have yet to | who have yet to | that has yet to | who has yet to | yet to"
    ),
    ("except", ""): (
        "except | excluding | other than | apart from | but not | not in | not from | outside | outside of"
    ),
    ("share", ""): (
        "share of | percentage of | percent of | proportion of | fraction of | what share | what percentage | "
        "what percent | what proportion | what fraction | share | percentage | % of | % | what portion of | "
        "what part of"
    ),
    ("list", ""): (
        "everyone who | everybody who | anyone who | let me see "
        "| pull up | bring up | look up | list out | give me | fetch me | list | which | who | show | "
        "name | give | display | find | see | whose | get me | tell me"
    ),
    ("with", ""): (
        "with | w | together with | having | "
        "that have | that had | who have | who had | which have | which had | that got | that has"
    ),
    ("comma", ""): ",",
    ("and", ""): "and | as well as | along with | plus",
    ("but", ""): "but",
    ("or", ""): "or",
    ("both", ""): "both",
    ("either", ""): "either",
    ("neither", ""): "neither",
    ("nor", ""): "nor",
    ("text", "contains"): (
        "contain | containing | mention | mentioning | mentioned | that mention | with the word | has the word | have "
        "the word | with the text"
    ),
    ("text", "starts with"): "start with | starting with | begin with | beginning with",
    ("text", "ends with"): "end with | ending with",
    ("below", ""): (
        "and everything under it | and everything below it | and everything in it | and everything beneath it | "
        "and all below it | and all under it | or below | and below | and whatever is below it | and its descendants | "
        "including everything under it | including everything below it | including its descendants | with everything "
        "under it"
    ),
    ("word", ""): "the word | the text | the term | the phrase | the string | word | phrase",
    ("times", ""): "times",
    ("once", "1"): "once",
    ("factor", "2"): "twice | double | twice as much as | double of",
    ("factor", "3"): "triple | thrice | three times as much as",
    ("factor", "0.5"): "half | half of",
    ("moment", "<"): "before | earlier than | ahead of",
    ("moment", ">"): "after | later than",
    ("when", ""): "when",
    ("sort", ""): "sorted by | ordered by | sort by | in order of",
    ("edge", "max"): "last",
    ("edge", "min"): "first",
    ("is", ""): (
        "is | are | was | were | be | been | being | come from | came from | come | came | belong to | live "
        "in | live | ended up | end up | turned out | went to | go to | have been | has been | had been | do | did | "
        "doe | have | has | had | does"
    ),
    ("that", ""): "that | who | which",
    ("preposition", ""): (
        "of | in | on | for | from | to | at | concerning | regarding | into | through | via | about | under the | "
        "as | during | within | using | among | out of | over the"
    ),
    (
        "order",
        "desc",
    ): "descending | from highest to lowest | highest first | largest first | most first | biggest first",
    ("order", "asc"): "ascending | from lowest to highest | lowest first | smallest first",
    ("money", "EUR"): "eur | euro",
    ("filler", ""): (
        "the | a | an | me | us | we | our | please | can | could | you | would | i | my | want | need | know "
        "| to | there | what | it | like to | their | them | they | its | these | those | this | any | all | "
        "some | ever | so far | to date | currently | now | right now | break down | breakdown | breakdown of "
        "| split | overview of | table of | chart | plot | graph | of all | in all | exist "
        "| existing | we have | do we have | altogether | platform | on the platform | in the database | "
        "database | system | site | our site | record | recorded | on record | anything | something | at all "
        "| one | thing | ok | okay | hi | hello | hey | thank | thanks | just | simply | quick | quickly | "
        "look like | bring in | brought in | generate | generated | happen | happened | take place | took "
        "place | amount to | develop | developed | according | ranked | rank | ranking of | sorted | whole | entire "
        "| up | let | let me | let me know | tell | detail | details | detail of | details of | detail on | info on | "
        "info about | information on | information about | everything | everything that | all that | anything that | "
        "rack up | racked up | pull in | pulled in | clock up | clocked up | a breakdown of | want to know | would "
        "like to know | curious | wondering | give a list of | a list of | list of | called | named | particular | "
        "specific | actual | actually | really | basically | yet | "
        "pls | plz | quick one | quick question | hiya | folks"
    ),
}

# Adjectives for what was added of late; a model may know them as values too ("new" items).
NEWLY = frozenset({"new", "newly added"})
# Verbs that say little by themselves: a noun that follows says the rest.
LIGHT_VERBS = frozenset(
    (
        "gave get give given got leave left list made make offer place placed post receive received write written wrote"
    ).split()
)
# What makes a row: "by anna_k" is the one who did one of these. And what happens to someone: "about anna_k".
MAKES = frozenset("give gave leave left list make made offer place placed post wrote write written".split())
BEFALLS = frozenset("get got receive received".split())
ABOUT = ("about", "concerning", "regarding")
# Negations of the noun that follows ("no sold items"), not of the adjective between ("not sold items").
NEGATES_NOUNS = frozenset(
    (
        "no, without, without any, without a, not any, have no, has no, had no, with no, not have any, do not have, "
        "never had"
    ).split(", ")
)
# Of many values per group, the first mean a judgement over all of them, the second one single value.
EVALUATES = frozenset("best worst poorest top bottom".split())
SINGLE = frozenset("maximum max minimum min record".split())
# Verbs that change data; one of them before an object of the model makes the question a request to write.
UNSAFE = frozenset(
    (
        "add alter ban block cancel change close create deactivate delete destroy disable drop edit erase "
        "grant insert modify overwrite purge refund register remove rename replace reset revoke set truncate "
        "update wipe"
    ).split()
)
# What stands before a command; "to" only where someone wishes it.
COMMAND_OPENERS = frozenset("please and then you now run execute , just also".split())
COMMAND_WISHES = frozenset("want need like you able have going me us how try".split())
# Words that, wherever they stand, belong to no question about data that exists.
FORECAST = frozenset(("expect expected forecast predict prediction projected projection tomorrow will").split())


def phrases(more: Iterable[Mapping[tuple[str, str], str]] = ()) -> dict[tuple[str, ...], list[tuple[str, str]]]:
    """Normalised phrase → the (kind, argument) pairs it may stand for; `more` are the phrases of constructs."""
    table: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for sense, text in (pair for each in (_PHRASES, *more) for pair in each.items()):
        for phrase in text.split(" | "):
            words = normalize(phrase) or tuple(phrase.split())
            table.setdefault(words, []).append(sense)
    return table

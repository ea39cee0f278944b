"""All constructs, the outermost first: each one sees the question before those behind it."""

from __future__ import annotations

from nl2sql.writers.offline.constructs.alternatives import ALTERNATIVES
from nl2sql.writers.offline.constructs.apposition import APPOSITION
from nl2sql.writers.offline.constructs.as_role import AS_ROLE
from nl2sql.writers.offline.constructs.asides import ASIDES
from nl2sql.writers.offline.constructs.bands import BANDS
from nl2sql.writers.offline.constructs.base import Construct
from nl2sql.writers.offline.constructs.both import BOTH
from nl2sql.writers.offline.constructs.columns_behind import COLUMNS_BEHIND
from nl2sql.writers.offline.constructs.columns_of import COLUMNS_OF
from nl2sql.writers.offline.constructs.count_percentiles import COUNT_PERCENTILES
from nl2sql.writers.offline.constructs.counts_per import COUNTS_PER
from nl2sql.writers.offline.constructs.dayparts import DAYPARTS
from nl2sql.writers.offline.constructs.deed_words import DEED_WORDS
from nl2sql.writers.offline.constructs.different import DIFFERENT
from nl2sql.writers.offline.constructs.different_bounds import DIFFERENT_BOUNDS
from nl2sql.writers.offline.constructs.durations import DURATIONS
from nl2sql.writers.offline.constructs.for_deeds import FOR_DEEDS
from nl2sql.writers.offline.constructs.gradable import GRADABLE
from nl2sql.writers.offline.constructs.gradable_of import GRADABLE_OF
from nl2sql.writers.offline.constructs.groups_of_roles import ROLE_SHARES
from nl2sql.writers.offline.constructs.growth import GROWTH
from nl2sql.writers.offline.constructs.histograms import HISTOGRAMS
from nl2sql.writers.offline.constructs.how_often import HOW_OFTEN
from nl2sql.writers.offline.constructs.laid_out import LAID_OUT
from nl2sql.writers.offline.constructs.left_out import LEFT_OUT, THROUGH
from nl2sql.writers.offline.constructs.listed_each import LISTED_EACH
from nl2sql.writers.offline.constructs.neutral import NEUTRAL
from nl2sql.writers.offline.constructs.no_event import NO_EVENT
from nl2sql.writers.offline.constructs.not_since import NOT_SINCE
from nl2sql.writers.offline.constructs.other_words import OTHER_WORDS
from nl2sql.writers.offline.constructs.owned import OWNED
from nl2sql.writers.offline.constructs.parts_ratio import PARTS_RATIO
from nl2sql.writers.offline.constructs.per_group import PER_GROUP
from nl2sql.writers.offline.constructs.percentiles import PERCENTILES
from nl2sql.writers.offline.constructs.popular import POPULAR
from nl2sql.writers.offline.constructs.ranks import RANKS
from nl2sql.writers.offline.constructs.rates import RATES
from nl2sql.writers.offline.constructs.ratios import RATIOS
from nl2sql.writers.offline.constructs.redundant import REDUNDANT
from nl2sql.writers.offline.constructs.running import RUNNING
from nl2sql.writers.offline.constructs.same import SAME
from nl2sql.writers.offline.constructs.several import SEVERAL
from nl2sql.writers.offline.constructs.shared_things import SHARED_THINGS
from nl2sql.writers.offline.constructs.shares import SHARES
from nl2sql.writers.offline.constructs.spread import SPREAD
from nl2sql.writers.offline.constructs.text_turns import TEXT_TURNS
from nl2sql.writers.offline.constructs.time_turns import TIME_TURNS
from nl2sql.writers.offline.constructs.top_share import TOP_SHARE
from nl2sql.writers.offline.constructs.turns import TURNS
from nl2sql.writers.offline.constructs.turns_of_numbers import NUMBER_TURNS
from nl2sql.writers.offline.constructs.turns_of_ranking import RANKING_TURNS
from nl2sql.writers.offline.constructs.undone import UNDONE
from nl2sql.writers.offline.constructs.units import UNITS
from nl2sql.writers.offline.constructs.unsure import UNSURE
from nl2sql.writers.offline.constructs.up_to_each import UP_TO_EACH
from nl2sql.writers.offline.constructs.word_order import WORD_ORDER
from nl2sql.writers.offline.constructs.wrapping import WRAPPING

CONSTRUCTS: tuple[Construct, ...] = (
    ASIDES,
    THROUGH,
    BANDS,
    TIME_TURNS,
    OTHER_WORDS,
    DEED_WORDS,
    DIFFERENT_BOUNDS,
    LISTED_EACH,
    UP_TO_EACH,
    LAID_OUT,
    SPREAD,
    TOP_SHARE,
    COUNT_PERCENTILES,
    FOR_DEEDS,
    SHARED_THINGS,
    NO_EVENT,
    UNDONE,
    REDUNDANT,
    LEFT_OUT,
    UNSURE,
    COLUMNS_BEHIND,
    WRAPPING,
    UNITS,
    APPOSITION,
    GRADABLE_OF,
    GRADABLE,
    OWNED,
    COLUMNS_OF,
    TEXT_TURNS,
    AS_ROLE,
    BOTH,
    ROLE_SHARES,
    SAME,
    NOT_SINCE,
    TURNS,
    RANKING_TURNS,
    HOW_OFTEN,
    NUMBER_TURNS,
    WORD_ORDER,
    GROWTH,
    RUNNING,
    HISTOGRAMS,
    PERCENTILES,
    ALTERNATIVES,
    SHARES,
    RATIOS,
    PARTS_RATIO,
    SEVERAL,
    RATES,
    DIFFERENT,
    COUNTS_PER,
    RANKS,
    PER_GROUP,
    POPULAR,
    DURATIONS,
    DAYPARTS,
    NEUTRAL,
)

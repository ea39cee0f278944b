"""Which brackets of a token list are calls. Grammar words and types stand before brackets, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot.tokenizer_core import Token, TokenType

# Words of the grammar that stand before a bracket without calling anything. Types are judged by their own rule.
GRAMMAR: Final = frozenset(
    """
    select distinct from join lateral on using where and or not in exists any all some between like ilike is by having
    qualify limit offset union intersect except as materialized over filter group within cube rollup sets when then
    else case values row interval escape regexp rlike similar to with order partition window glob sounds div xor
    char varchar character varying text nvarchar nchar decimal numeric dec number float double real int integer bigint
    smallint tinyint int64 float64 bignumeric string timestamp timestamptz datetime time first exclude
    """.split()
)


def called_name(tokens: Sequence[Token], bracket: int) -> str:
    """The lower-case word before the bracket at this index, "" when nothing is called there."""
    if bracket == 0 or tokens[bracket].token_type is not TokenType.L_PAREN:
        return ""
    token = tokens[bracket - 1]
    if token.token_type is TokenType.IDENTIFIER:
        return token.text.lower()
    if token.token_type is TokenType.STRING:
        return ""
    # Some keywords are one token of several words ("GROUP BY"): the last one stands before the bracket.
    word = token.text.lower().rsplit(maxsplit=1)[-1:]
    name = word[0] if word else ""
    if not (name[:1].isalpha() or name[:1] == "_"):
        return ""
    qualified = bracket > 1 and tokens[bracket - 2].token_type in (TokenType.DOT, TokenType.COLON)
    return "" if name in GRAMMAR and not qualified else name

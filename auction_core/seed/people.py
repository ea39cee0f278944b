"""Words for accounts: countries with their shares, first names, made-up family names and nicknames."""

# Country, share of accounts in percent.
COUNTRIES: tuple[tuple[str, float], ...] = (
    ("US", 31.0), ("DE", 16.0), ("GB", 12.5), ("FR", 8.5), ("IT", 6.0), ("NL", 5.0), ("ES", 4.0), ("CA", 4.0),
    ("PL", 3.0), ("SE", 2.2), ("AU", 1.8), ("BE", 1.8), ("AT", 1.5), ("CH", 1.2), ("JP", 0.7), ("BR", 0.5), ("IN", 0.3),
)  # fmt: skip

# Median hours from the invoice to the money, where it is not the usual one.
USUAL_PAYMENT_HOURS = 20.0
LATE_COUNTRIES: dict[str, float] = {"IT": 190.0, "CA": 150.0, "BE": 220.0}


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split("|"))


FIRST_NAMES = _split(
    "anna|marco|lena|jonas|sofia|paul|emma|luca|marie|felix|clara|hugo|nina|oscar|julia|leo|sara|max|eva|tom|lucia|"
    "pablo|ines|mateo|alice|louis|zoe|jules|olga|piotr|ewa|adam|ingrid|lars|astrid|nils|grace|henry|ruby|jack|amy|ben|"
    "chloe|dan|erin|finn|gwen|harry|iris|joel|kate|liam|mia|noah|olivia|peter|rosa|sam|tara|victor|wendy|yuki|kenji|"
    "hana|akira|priya|arjun|meera|ravi|bruno|carla|diego|elisa|fabio|gina|heidi|ivo|jana|karl|lotte|mila|otto|petra|"
    "ralf|silke|timo|ulla|vera|willem|anouk|bram|daan|fleur|joost|lieke|sven|maja|erik|freya|axel|elsa"
)

# Two made-up halves, so that a full name is nobody's.
FAMILY_STARTS = _split(
    "Alder|Birk|Corn|Dusk|Elm|Fern|Gorse|Hazel|Iron|Juniper|Kestrel|Larch|Moss|Nettle|Oriel|Pebble|Quill|Rowan|Sedge|"
    "Thistle|Umber|Vesper|Willow|Yarrow"
)
FAMILY_ENDS = _split("brook|croft|dell|fold|garth|holm|keld|lund|mere|nook|rigg|shaw|thwaite|vane|wick")

NICK_STARTS = _split(
    "vintage|retro|old|lucky|urban|silver|north|attic|harbour|little|golden|blue|quiet|corner|river|second"
)
NICK_ENDS = _split(
    "finds|treasures|vault|cellar|market|shed|gallery|wheels|strings|pages|lens|needle|curios|trove|loft|bazaar"
)
MAIL_DOMAINS = ("example.com", "example.org", "mail.example.com", "post.example.org")

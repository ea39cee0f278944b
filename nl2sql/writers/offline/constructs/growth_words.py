"""The words of change: growth and decline, steps of time, and what sets two periods against each other."""

from __future__ import annotations

# "the same quarter last year", with and without the article.
_THE_YEAR_BEFORE = " | ".join(
    ["year before", "year earlier"]
    + [
        f"{article}same {part} {year}"
        for article in ("", "the ")
        for part in ("period", "quarter", "month", "week", "day", "time")
        for year in (
            "last year", "of last year", "in the previous year", "of the previous year", "the year before",
            "a year ago", "a year earlier", "one year earlier", "the previous year", "in the year before",
            "of the year before",
        )
    ]
)  # fmt: skip
# "grow": what is compared (a rate or an amount), in which direction, and whether it is said as a deed.
GROWTH_PHRASES = {
    ("grow", "rate up"): (
        "growth rate of | growth rate in | growth rate | rate of growth of | rate of growth | growth of | growth in "
        "| growth | percentage growth of | percentage growth in | percentage growth | percentage increase in | "
        "percentage increase of | percentage increase | percent increase in | relative growth of"
    ),
    ("grow", "rate up verb"): "grow | grew | grown | growing",
    ("grow", "rate down verb"): "shrink | shrank | shrunk | shrinking",
    ("grow", "rate down"): "percentage decrease in | percentage decline in | percentage drop in | percent decrease in",
    ("grow", "rate any"): (
        "percentage change in | percentage change of | percentage change | percent change in | percent change of | "
        "percent change | relative change in | relative change of | % change in | % change of | % change | rate of "
        "change of | rate of change in"
    ),
    ("grow", "change any"): (
        "change in | change of | change | changed | changes in | evolved | evolve | up or down | increase or "
        "decrease | grow or shrink | grown or shrunk | rise or fall | risen or fallen | increased or decreased | "
        "absolute change in | absolute change of | difference in"
    ),
    ("grow", "change any between"): "difference between",
    ("grow", "change up"): "increase in | increase of | increase | rise in | gain in | absolute growth of",
    ("grow", "change up verb"): (
        "gained | increased | increasing | rising | rise | rose | risen | go up | went up | gone up"
    ),
    ("grow", "change down"): "decrease in | decline in | drop in | fall in | decrease of | decline of | drop of",
    ("grow", "change down verb"): (
        "lost | decreased | decreasing | declining | falling | dropping | declined | dropped | drop | fell | fall | "
        "fallen | decline | decrease | go down | went down | gone down | losing"
    ),
    ("step", "day"): "day over day | day on day | day to day | DoD",
    ("step", "week"): "week over week | week on week | WoW",
    ("step", "month"): "month over month | month on month | month to month | MoM",
    ("step", "quarter"): "quarter over quarter | quarter on quarter | QoQ",
    ("step", "year"): "year over year | year on year | YoY",
    ("versus", ""): (
        "vs | versus | compared to | compared with | as compared to | as compared with | against | relative to | in "
        "comparison to | in comparison with | compare to | compare with | up on | down on | up from | down from | up "
        "or down on | up or down from | up or down compared to | up or down compared with | stack up against"
    ),
    ("contrast", ""): "compare | comparison of | comparison | contrast | compared",
    ("more", "count"): "how many more | how many fewer | how many less",
    ("more", "sum"): "how much more | how much less",
    ("more", ""): (
        "how many percent more | what percentage more | how many percent higher | how much higher | how much lower | "
        "how much larger | how much smaller | how much bigger | higher | lower | larger | bigger | smaller"
    ),
    ("than", ""): "than",
    ("earlier", ""): (
        "previous period | the period before | preceding period | prior period | the one before | the previous one"
    ),
    ("earlier", "year"): _THE_YEAR_BEFORE,
    ("earlier", "month"): "month before | month earlier",
    ("earlier", "quarter"): "quarter before | quarter earlier",
    ("earlier", "week"): "week before | week earlier",
    ("earlier", "day"): "day before | day earlier",
    ("grow_how", ""): (
        "by what percentage | by what percent | by what % | by how many percent | how | by how much | how much | how "
        "strongly | how fast | how quickly | saw | seen | experienced | experience | in percent | in percentage term "
        "| as a percentage | in % | in relative term | in absolute term | trend of | in terms of | with respect to | "
        "when it comes to"
    ),
    ("fast", "max"): "fastest | strongest | quickest",
    ("fast", "min"): "slowest | weakest",
}  # fmt: skip

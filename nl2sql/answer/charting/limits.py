"""How much a chart can carry and still be read, on a laptop and on a phone."""

from __future__ import annotations

MAX_BARS = 30  # more bars are unreadable on a laptop, let alone a phone
MAX_TIME_BARS = 60  # bars along time need no names beside them
MAX_SERIES = 8  # as many as the palette has colours that colour-blind readers can tell apart
MAX_LINES = 6  # more lines than that cross too often to be followed
MAX_GROUPED_BARS = 60
MAX_PARTS = 8  # of a pie: thinner slices than an eighth are better compared as bars
MAX_NUMBERS = 6  # cards in a row or two
MIN_POINTS = 3  # fewer make no line
MIN_DOTS = 5  # fewer make no cloud of points
MIN_ROWS = 20  # of a distribution: a histogram of a handful of values shows the bins, not the values
MIN_DISTINCT = 8
MAX_GROUPS = 12  # boxes side by side
MIN_GROUP_ROWS = 5  # a box stands for five numbers: fewer rows than that are better seen one by one
MAX_DOTS = 2_000  # more cover one another, and slow a phone down
MAX_OUTLIERS = 100

"""Numbers that can be bet on: intervals, tests and power. Pure functions of counts; they know nothing of runs."""

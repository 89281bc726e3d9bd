"""Statistics only: the tally of calls and the verdict. No I/O, no clock, no pixels."""

"""How bytes get here and away: HTTP with one retry policy, and private copies on disk. It knows no format and decides nothing."""

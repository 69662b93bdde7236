"""How bytes get here and away: HTTP with one retry policy, and private copies on disk. Knows no format, decides nothing."""

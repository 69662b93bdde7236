"""The yardstick, 1.0: bare lxml.etree.iterparse over the top-level elements of the file, doing nothing with them.

python -m benchmarks.yardstick EXPORT
"""

from __future__ import annotations

import sys
from collections import deque
from pathlib import Path

from benchmarks.stream import elements

if __name__ == "__main__":
    deque(elements(Path(sys.argv[1])), maxlen=0)

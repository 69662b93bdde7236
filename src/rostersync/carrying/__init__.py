"""Carries what lies in the outbox to an LMS: over several connections at once, at the pace that the LMS bears.

`carrier.py` is the one place that decides; it runs in the thread of the sync, which alone reads and writes the state.
`lanes.py` has the threads, which only call the target. `turns.py` lets several targets go on side by side.
"""

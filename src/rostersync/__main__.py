"""`python -m rostersync` is the same as `rostersync`."""

from rostersync.cli import main

main()

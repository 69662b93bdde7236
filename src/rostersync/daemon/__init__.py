"""The daemon: runs each sync when it is due, when a file arrives and when somebody asks, and tells how it fares.

`serving.py` is the way in. `attending.py` decides what is run and when, `running.py` does it, the rest talks to one
outside thing each: systemd, the trigger socket, HTTP, the drop folders.
"""

"""The most memory a process has held. Not `ru_maxrss`: a child inherits the peak of the process that started it."""

from __future__ import annotations

from pathlib import Path


def peak_kilobytes() -> int:
    """The peak of this process since it began to run its own program, in kB (VmHWM of proc_pid_status(5))."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))

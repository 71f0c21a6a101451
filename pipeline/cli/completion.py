"""`completion`: what has a shell complete commands, options and files."""

from pipeline.system.invocation import SCRIPT
from pipeline.system.terminal import show


def completion(shell: str) -> None:
    """Print the code that a shell runs to complete `mandelzoom`."""
    from argcomplete.shell_integration import shellcode

    show(shellcode([SCRIPT], shell=shell).strip())

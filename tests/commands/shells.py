"""Interactive shells on a terminal of their own, in which a test types."""

import os
import select
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from shutil import which
from typing import Self

TIME_LIMIT = 30

SETUP = {
    "bash": ("bash --norc --noprofile -i", "PS1='ready> '; bind 'set bell-style none'; eval \"$({source})\""),
    "zsh": ("zsh -f -i", "PS1='ready> '; setopt no_beep; autoload -U compinit; compinit -u -D; eval \"$({source})\""),
    "fish": ("fish --no-config -i", "function fish_prompt; echo -n 'ready> '; end; {source} | source"),
}
"""Shell -> how it is started, and how the README says that it completes the lines of nnfang."""


class Shell:
    """A shell in `folder`, ready for a line."""

    def __init__(self, name: str, folder: Path, environment: Mapping[str, str]) -> None:
        import pty
        import termios

        program = folder / "bin" / "nnfang"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nnfang "$@"\n')
        program.chmod(0o755)
        start, setup = SETUP[name]
        self.screen = ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
            os.execve(which(start.split()[0]) or "", start.split(), {**environment, "PATH": path, "HOME": str(folder)})
        termios.tcsetwinsize(self.terminal, (40, 200))
        self.type(setup.format(source=f"_NNFANG_COMPLETE={name}_source nnfang") + "; echo set''up\n")
        self.wait_for("setup")
        self.wait_for("ready> ")

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.terminal, text.encode())

    def wait_for(self, text: str) -> str:
        """What came on the screen up to a text; from there on, what follows is waited for."""
        end = time.monotonic() + TIME_LIMIT
        while text not in self.screen:
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            assert ready, f"{text!r} is not on the screen: {self.screen!r}"
            self.screen += os.read(self.terminal, 1 << 16).decode(errors="replace")
        before, _, self.screen = self.screen.partition(text)
        return before + text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)

"""Two hosts on one computer: network namespaces joined by a cable of 1 Gbit/s. Needs root on Linux, and iproute2.

Their ranks share no memory and speak over TCP alone. A delay would need the kernel's netem, which not every one has, so
that the latency is that of a cable of no length.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESSES = ("10.199.199.1", "10.199.199.2")
RATE = "1gbit"

END = "eth0"
"""The end of the cable on either host."""

TCP_ALONE = {"UCX_TLS": "tcp,self", "UCX_NET_DEVICES": END, "MPIR_CVAR_NOLOCAL": "1"}
"""What keeps MPICH from the memory that the namespaces do share."""

HOP = """#!/bin/sh
# As ssh is called: options, a host, a command.
while [ "${1#-}" != "$1" ]; do shift; done
host=$1
shift
case $host in
    FIRST) space=SPACE0 ;;
    *) space=SPACE1 ;;
esac
exec ip netns exec $space sh -c "$*"
"""


def ip(*words: str) -> None:
    """Run ``ip``."""
    subprocess.run(["ip", *words], check=True, capture_output=True)


def wait_until_up(space: str) -> None:
    """Wait for the kernel to say that the cable is in, which takes a second; before, MPI finds no network."""
    for _ in range(100):
        shown = subprocess.run(
            ["ip", "-n", space, "-br", "link", "show", END], capture_output=True, check=True, text=True
        )
        if shown.stdout.split()[1] == "UP":
            return
        sleep(0.1)
    raise TimeoutError(f"the cable of {space} does not come up")


def are_possible() -> bool:
    """Whether namespaces can be made here."""
    if not sys.platform.startswith("linux") or os.getuid() or not shutil.which("ip") or not shutil.which("tc"):
        return False
    name = f"nnfang{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        return False
    ip("netns", "del", name)
    return True


@contextmanager
def two_hosts() -> Iterator[list[str]]:
    """The words that begin a command on one rank of each, to be run with `TCP_ALONE` in the environment."""
    spaces = [f"nnfang{os.getpid()}{end}" for end in "ab"]
    with TemporaryDirectory() as folder:
        hop = Path(folder) / "hop"
        hop.write_text(HOP.replace("FIRST", ADDRESSES[0]).replace("SPACE0", spaces[0]).replace("SPACE1", spaces[1]))
        hop.chmod(0o755)
        try:
            for space in spaces:
                ip("netns", "add", space)
            ip("link", "add", END, "netns", spaces[0], "type", "veth", "peer", "name", END, "netns", spaces[1])
            for space, address in zip(spaces, ADDRESSES, strict=True):
                ip("-n", space, "addr", "add", f"{address}/24", "dev", END)
                ip("-n", space, "link", "set", "lo", "up")
                ip("-n", space, "link", "set", END, "up")
                shape = ["tbf", "rate", RATE, "burst", "64kb", "latency", "50ms"]
                tc = ["ip", "netns", "exec", space, "tc", "qdisc", "add", "dev", END, "root", *shape]
                subprocess.run(tc, check=True, capture_output=True)
            for space in spaces:
                wait_until_up(space)
            launcher = ["-launcher", "ssh", "-launcher-exec", str(hop), "-hosts", ",".join(ADDRESSES), "-ppn", "1"]
            mpiexec = str(Path(sys.executable).with_name("mpiexec"))
            yield ["ip", "netns", "exec", spaces[0], mpiexec, *launcher]
        finally:
            for space in spaces:
                subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)

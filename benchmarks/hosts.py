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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESSES = ("10.199.199.1", "10.199.199.2")
RATE = "1gbit"

TCP_ALONE = {"UCX_TLS": "tcp,self", "MPIR_CVAR_NOLOCAL": "1"}
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
    ends = [f"nn{os.getpid()}{end}" for end in "ab"]
    with TemporaryDirectory() as folder:
        hop = Path(folder) / "hop"
        hop.write_text(HOP.replace("FIRST", ADDRESSES[0]).replace("SPACE0", spaces[0]).replace("SPACE1", spaces[1]))
        hop.chmod(0o755)
        try:
            for space in spaces:
                ip("netns", "add", space)
            ip("link", "add", ends[0], "netns", spaces[0], "type", "veth", "peer", "name", ends[1], "netns", spaces[1])
            for space, end, address in zip(spaces, ends, ADDRESSES, strict=True):
                ip("-n", space, "addr", "add", f"{address}/24", "dev", end)
                ip("-n", space, "link", "set", "lo", "up")
                ip("-n", space, "link", "set", end, "up")
                shape = ["tbf", "rate", RATE, "burst", "64kb", "latency", "50ms"]
                tc = ["ip", "netns", "exec", space, "tc", "qdisc", "add", "dev", end, "root", *shape]
                subprocess.run(tc, check=True, capture_output=True)
            launcher = ["-launcher", "ssh", "-launcher-exec", str(hop), "-hosts", ",".join(ADDRESSES), "-ppn", "1"]
            mpiexec = str(Path(sys.executable).with_name("mpiexec"))
            yield ["ip", "netns", "exec", spaces[0], mpiexec, *launcher]
        finally:
            for space in spaces:
                subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)

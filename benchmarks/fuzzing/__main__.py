"""Give damaged files to the readers until the time is up: python -m benchmarks.fuzzing [--seconds N] [TARGET ...].

Says how many files each reader was given. What makes it crash, take longer than a moment, or fill the memory, is kept
in a folder, with which the fault can be had again; then the exit code is 1.
"""

import hashlib
import resource
import sys
import traceback
import warnings
from argparse import ArgumentParser
from collections import Counter
from itertools import count
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory
from time import monotonic

from hypothesis import HealthCheck, Phase, given, seed, settings

from benchmarks.fuzzing.targets import TARGETS, Target

SETTINGS = settings(
    max_examples=1000,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""Nothing but new files: what fails is noted, and the search goes on."""

MOMENT = 5.0
"""Seconds that one file may take."""

GROWTH = 400 * 2**10
"""Kibibytes by which one file may raise the most memory that was ever in use."""


class Fuzzer:
    """Counts the files given to a target, and keeps those that make it fail.

    Attributes:
        outcomes: How many files were read, and how many refused.
        faults: One line for each fault of another kind.
    """

    def __init__(self, name: str, target: Target, kept: Path, folder: Path) -> None:
        self.name, self.target, self.kept = name, target, kept
        self.path = folder / "input"
        self.outcomes: Counter[str] = Counter()
        self.faults: dict[str, str] = {}
        target.read(self._write(target.seeds[0]))

    def _write(self, content: bytes) -> Path:
        self.path.write_bytes(content)
        return self.path

    def run(self, seconds: float, first_seed: int) -> None:
        """Try files until the time is up."""
        end = monotonic() + seconds
        for number in count(first_seed):

            @seed(number)
            @settings(SETTINGS)
            @given(self.target.files)
            def explore(content: bytes) -> None:
                if monotonic() < end:
                    self.give(content)

            explore()
            if monotonic() >= end:
                return

    def give(self, content: bytes) -> None:
        """Let the target read one file, and note what came of it."""
        before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, monotonic()
        try:
            self.target.read(self._write(content))
            self.outcomes["read"] += 1
        except self.target.refusal:
            self.outcomes["refused"] += 1
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} from {Path(last.filename).name}, line {last.lineno}"
            self.keep(kind, traceback.format_exc(), content)
        if monotonic() - start > MOMENT:
            self.keep("slow", f"{monotonic() - start:.1f} s", content)
        growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        if growth > GROWTH:
            self.keep("memory", f"{growth // 2**10} MiB", content)

    def keep(self, kind: str, detail: str, content: bytes) -> None:
        """Note a fault, if it is the first of its kind."""
        if kind in self.faults:
            return
        self.kept.mkdir(parents=True, exist_ok=True)
        path = self.kept / f"{self.name}-{hashlib.sha256(content).hexdigest()[:12]}"
        path.write_bytes(content)
        self.faults[kind] = str(path)
        print(f"{self.name}: {kind}: {path}\n{detail}", file=sys.stderr, flush=True)


def main() -> None:
    """Fuzz each target that was named."""
    parser = ArgumentParser(prog="python -m benchmarks.fuzzing", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=float, default=60, metavar="N", help="time for each target (default 60)")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(2**32), help="default: another each time")
    parser.add_argument("--keep", type=Path, default=Path("build", "fuzzing"), metavar="FOLDER", help="for what fails")
    options = parser.parse_args()
    if unknown := set(options.targets) - TARGETS.keys():
        parser.error(f"no such target: {', '.join(unknown)}; known: {', '.join(TARGETS)}")
    warnings.filterwarnings("ignore", module="PIL")  # of which each damaged file gives some
    failed = False
    for name in options.targets or TARGETS:
        with TemporaryDirectory() as folder:
            fuzzer = Fuzzer(name, TARGETS[name](), options.keep, Path(folder))
            fuzzer.run(options.seconds, options.seed)
        done = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(fuzzer.outcomes.items()))
        print(f"{name}: {fuzzer.outcomes.total():,} files ({done}), {len(fuzzer.faults)} faults, seed {options.seed}")
        failed |= bool(fuzzer.faults)
    sys.exit(failed)


if __name__ == "__main__":
    main()

"""Put faults into a copy of the code, one at a time, and name those that no test notices: python -m benchmarks.mutants.

The faults are drawn at random from all that can be put in; the same seed draws the same ones as long as the code stays
the same. Those that are equivalent, because nobody could tell the difference, must be set aside by hand.
"""

import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from random import Random, SystemRandom
from tempfile import TemporaryDirectory
from time import monotonic

from benchmarks.mutants.operators import Mutant, find_mutants
from benchmarks.mutants.trial import PACKAGE, Copy


def main() -> None:
    """Try as many faults as were asked for."""
    parser = ArgumentParser(prog="python -m benchmarks.mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=150, metavar="N", help="faults to try (default 150)")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(2**32), help="default: another each time")
    parser.add_argument("--under", default=PACKAGE, metavar="PATH", help="a folder or file to put them into")
    parser.add_argument("--only", type=int, nargs="+", metavar="NUMBER", help="of those, only the ones with a number")
    parser.add_argument("--room", action="store_true", help="run only the tests of the room that the fault is in")
    parser.add_argument("--unchecked", action="store_true", help="do not run the tests without a fault first")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes that run tests (default 2)")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        copy = Copy(Path(folder), options.workers)
        copy.fill()
        chosen = choose(copy, options.under, options.count, options.seed)
        print(f"{len(chosen)} faults, seed {options.seed}", flush=True)
        if not options.unchecked and copy.run_tests("tests", is_shown=True) != "unnoticed":
            sys.exit("The tests do not pass without any fault.")
        outcomes: Counter[str] = Counter()
        for number in options.only or range(len(chosen)):
            path, mutant = chosen[number]
            begin, original = monotonic(), path.read_text()
            copy.put_in(path, mutant.source)
            outcome = copy.try_out(path, only_room=options.room)
            copy.put_in(path, original)
            outcomes[outcome] += 1
            place = f"{path.relative_to(folder)}:{mutant.line}"
            print(f"{number:3} {outcome:9} {monotonic() - begin:4.0f} s  {place}  {describe(mutant)}", flush=True)
    total = outcomes.total()
    noticed = total - outcomes["unnoticed"]
    print(f"{noticed} of {total} noticed ({noticed / total:.2%}), {outcomes['timed out']} of them by a time limit")


def choose(copy: Copy, under: str, count: int, seed: int) -> list[tuple[Path, Mutant]]:
    """Some of all faults, at random."""
    known = [(path, mutant) for path in copy.find_sources(under) for mutant in find_mutants(path.read_text())]
    return Random(seed).sample(known, min(count, len(known)))


def describe(mutant: Mutant) -> str:
    """A fault on one line."""
    old, new = (" ".join(code.split()) for code in (mutant.old, mutant.new))
    return f"{old}  ->  {new}"


if __name__ == "__main__":
    main()

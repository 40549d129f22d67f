"""The benchmarks, one after the other: python -m benchmarks [--only NAME ...] [--plots FOLDER] [--rounds N]."""

import os
from argparse import ArgumentParser
from pathlib import Path

from nnfang.machine.blas import prefer_best_kernel, prefer_one_thread
from nnfang.machine.processor import count_processors

# Before NumPy and the peers are imported: one thread each, on one processor.
prefer_one_thread()
prefer_best_kernel()
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

from benchmarks import (  # noqa: E402
    accuracy,
    distortion,
    epochs,
    exports,
    growth,
    networks,
    processes,
    sklearn_classifier,
    throughput,
)
from benchmarks.peers import PEERS  # noqa: E402
from nnfang.machine.description import describe_machine  # noqa: E402
from nnfang.machine.timing import product_speed  # noqa: E402

MODULES = (epochs, networks, accuracy, distortion, throughput, processes, growth, sklearn_classifier, exports)
SECTIONS = {module.__name__.rpartition(".")[2]: module for module in MODULES}


def main() -> None:
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="sections, by name")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="where plots are written (needs matplotlib)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds in which the contenders take turns")
    options = parser.parse_args()
    machine = describe_machine()
    print(
        f"{machine['processor']}, {machine['system']}, Python {machine['python']}, NumPy {machine['numpy']}, ", end=""
    )
    print(f"{machine['blas']} ({machine['blas_kernel']}); one thread on one of {count_processors()} processors")
    for peer in PEERS:
        print(f"{peer.name} {peer.version}" if peer.version else f"{peer.name}: skipped, it is not installed")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    busy = False
    for name in options.only:
        busy |= product_speed()[1]
        print(f"\n## {name}\n", flush=True)
        SECTIONS[name].run(options.rounds, options.plots)
        busy |= product_speed()[1]
    if busy:
        print("\nThis computer was busy with something else at times: take the ratios, not the seconds.")


if __name__ == "__main__":
    main()

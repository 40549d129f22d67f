"""Runs nnfang again and again, each time in a copy of this process that has imported everything, and is armed.

Reads a job per line from stdin, as JSON, and answers each with the exit code and the number of file operations.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

COMMANDS = (
    "train",
    "export",
    "evaluate",
    "verify",
    "predict",
    "training",
    "following",
    "predictions",
    "targets",
    "usage",
)
MODULES = (*(f"nnfang.commands.{name}" for name in COMMANDS), "nnfang.data.download", "nnfang.images")


def serve() -> None:
    for name in MODULES:
        importlib.import_module(name)
    for line in sys.stdin:
        job = json.loads(line)
        counted, counter = os.pipe()
        if not (child := os.fork()):
            os.close(counted)
            os._exit(run(job, counter))
        os.close(counter)
        with os.fdopen(counted) as pipe:
            count, _, struck = pipe.read().partition(" ")
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(json.dumps({"code": code, "count": int(count or -1), "struck": struck}) + "\n")
        sys.stdout.flush()


def register(files: dict[str, dict[str, Any]]) -> None:
    """Let a data set be known that consists of some small files."""
    from nnfang.data.registry import DATASETS, KnownDataset, KnownFile

    if files:
        known = {name: KnownFile(**file) for name, file in files.items()}
        DATASETS["tiny"] = KnownDataset("tiny", known, (), ("a", "b", "c"), "negative", "invented", (30, 6), "noise")


def run(job: dict[str, Any], counter: int) -> int:
    """Run nnfang in the folder of a job; its exit code."""
    from nnfang.__main__ import main

    library = ctypes.CDLL(None, use_errno=True)
    output = Path(job["output"])
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(output / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.chdir(job["folder"])
    os.environ.update(job["environment"])
    register(job["known"])
    signal.signal(signal.SIGINT, signal.default_int_handler)  # where the tests run in the background it is ignored
    sys.argv = ["nnfang", *job["arguments"]]
    journal = os.open(output / "journal", os.O_WRONLY | os.O_CREAT | os.O_TRUNC) if job["journal"] else -1
    library.faults_arm(os.fsencode(job["folder"]), job["at"], job["mode"], job["errno"], journal)
    code: Any = 0
    try:
        main()
    except SystemExit as error:
        code = error.code
    except BaseException:
        traceback.print_exc()
        code = 99
    count = library.faults_disarm()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    library.faults_struck.restype = ctypes.c_char_p
    os.write(counter, b"%d %s" % (count, library.faults_struck()))
    return int(code or 0)


if __name__ == "__main__":
    serve()

"""``python -m nnfang`` is ``nnfang``: where the program begins, before anything that takes long is imported."""

INTERRUPTED = 130

try:
    import os
    import signal
    import sys
    from types import FrameType
except KeyboardInterrupt:  # Python's own answer to Ctrl-C, until there is another
    raise SystemExit(INTERRUPTED) from None


def interrupt(number: int, frame: FrameType | None) -> None:
    """Ctrl-C: a KeyboardInterrupt; but while a module is imported the program ends at once.

    Modules that are interrupted while they are imported report another error, or none. At that time, nothing has to be
    cleaned up.
    """
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            os._exit(INTERRUPTED)
        frame = frame.f_back
    raise KeyboardInterrupt


def main() -> None:
    """Run the program. Where SIGINT is ignored, as in background jobs of a shell, it stays so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    try:
        from nnfang.commands import main as run_command_line

        run_command_line()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except OSError as error:  # as where the process may open no more files: not even those of its modules
        sys.exit(f"Error: {error.filename}: {error.strerror}" if error.filename else f"Error: {error}")
    finally:
        if signal.getsignal(signal.SIGINT) is interrupt:  # there is nothing left to be cleaned up
            signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    main()

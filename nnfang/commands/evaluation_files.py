"""An evaluation as files: in a folder for people and programs, and where CI looks for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nnfang.commands import console
from nnfang.commands.evaluate import PAGE_OF_CI
from nnfang.commands.targets import check_target, naming
from nnfang.errors import NnfangError
from nnfang.files import append, make_folder, replacing
from nnfang.reports import tables
from nnfang.reports.mistakes import Mistakes

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnfang.reports.result import Result

TEXTS = ("metrics.json", "confusion.csv", "errors.csv")
PICTURES = ("confusion.png", "errors.png", "calibration.png")

NO_PICTURES = "no pictures, which need matplotlib: pip install 'nnfang[report]'"


class Files:
    """What an evaluation is written to."""

    def __init__(self, folder: Path | None, junit: Path | None, *, may_replace: bool, is_quiet: bool) -> None:
        """Create the folder, and refuse to replace a file that is there, before anything is evaluated.

        Args:
            folder: Gets the figures, the mistakes, and pictures of them.
            junit: Gets the result as a test.
            may_replace: Whether a file may be replaced.
            is_quiet: Whether stderr says nothing of what was written.

        Raises:
            ConfigError: A file is there, and may not be replaced.
            NnfangError: The folder cannot be created.
        """
        self.folder, self.junit = folder, junit
        self.may_replace, self.is_quiet = may_replace, is_quiet
        if folder:
            try:
                make_folder(folder)
            except OSError as error:
                raise NnfangError(f"cannot be created: {error.strerror}", folder) from error
        for file in [*([folder / name for name in (*TEXTS, *PICTURES)] if folder else []), *filter(None, [junit])]:
            check_target(file, may_replace=may_replace)

    def write(self, result: Result, least: float | None) -> None:
        """Write all that is wanted.

        Args:
            result: The evaluation.
            least: The accuracy below which the test fails.

        Raises:
            NnfangError: A file cannot be written.
        """
        if self.folder:
            self._write_folder(self.folder, result)
        if self.junit:
            self._write(self.junit, tables.junit(result, least))
        if page := os.environ.get(PAGE_OF_CI):
            add_to_page(Path(page), tables.summary(result))

    def _write_folder(self, folder: Path, result: Result) -> None:
        """Write the figures, and what can be drawn; an old picture that is not drawn again would show other figures."""
        mistakes = Mistakes.of(result)
        written = {
            "metrics.json": msgspec.json.format(msgspec.json.encode(result.describe()), indent=2) + b"\n",
            "confusion.csv": tables.confusion_csv(result).encode(),
            "errors.csv": tables.errors_csv(result, mistakes).encode(),
            **draw(result, mistakes, is_quiet=self.is_quiet),
        }
        for name, content in written.items():
            self._write(folder / name, content)
        for name in PICTURES:
            if name not in written:
                with naming(folder / name):
                    (folder / name).unlink(missing_ok=True)
        if not self.is_quiet:
            console.note(f"{folder}: {', '.join(written)}")

    def _write(self, file: Path, content: bytes) -> None:
        with naming(file), replacing(file, may_replace=self.may_replace) as target:
            target.write(content)


def draw(result: Result, mistakes: Mistakes, *, is_quiet: bool) -> dict[str, bytes]:
    """The pictures that can be drawn, by the names of their files; of others it is said why."""
    try:
        from nnfang.reports.pictures import draw_all
    except ImportError as error:
        if (error.name or "").startswith("nnfang"):  # a fault of our own
            raise
        if not is_quiet:
            console.note(NO_PICTURES)
        return {}
    drawn = {name: _try_to_draw(name, picture) for name, picture in draw_all(result, mistakes).items()}
    return {name: content for name, content in drawn.items() if content}


def _try_to_draw(name: str, picture: Callable[[], bytes]) -> bytes:
    try:
        return picture()
    except Exception as error:  # whatever a library may raise: the figures are worth more than the picture
        console.warn(f"{name} cannot be drawn: {error}")
        return b""


def add_to_page(page: Path, text: str) -> None:
    """Show the evaluation beside the job that CI runs; a failure is a warning."""
    try:
        append(page, text.encode())
    except OSError as error:
        console.warn(f"{PAGE_OF_CI}: {page}: cannot be written: {error.strerror or error}")

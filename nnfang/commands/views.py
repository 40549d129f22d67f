"""Progress on stderr: a bar where it is a terminal, plain lines where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

from nnfang.commands import console
from nnfang.commands.lines import DownloadLine, LineView, QuietView

if TYPE_CHECKING:
    from types import TracebackType

    from nnfang.training.events import Event


class View(Protocol):
    """Shows a training run while it lasts; a context manager, so that a bar is closed whatever happens."""

    def show(self, event: Event) -> None:
        """Show what has happened."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def training_view(epochs: int, *, quiet: bool) -> View:
    """A bar where stderr is a terminal, a line per epoch where it is not, nothing but warnings if `quiet`."""
    if quiet:
        return QuietView()
    if not console.is_live():
        return LineView(epochs)
    from nnfang.commands.bars import BarView  # rich, which takes a while to import

    return BarView(epochs)


def download_progress(*, quiet: bool) -> Any:
    """What creates the progress bar of a file from its description; None if `quiet`."""
    if quiet:
        return None
    if not console.is_live():
        return DownloadLine
    from nnfang.commands.bars import DownloadBar  # rich, which takes a while to import

    return DownloadBar

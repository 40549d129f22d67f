"""The pages of the documentation, and the fenced blocks in them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

PAGES = tuple(
    str(path.relative_to(ROOT).as_posix())
    for path in (*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md")), ROOT / "nnfang/core/README.md")
)

RUNNABLE = ("console", "python")
OUTPUT = "text"
"""The language of a block that shows what the Python block before it prints."""

NOT_RUN = {
    "changes the shell that it is typed into",
    "downloads MNIST",
    "installs software",
    "needs a C compiler",
    "needs a picture of your own",
    "needs a server of your own",
    "needs PyTorch",
    "takes minutes",
    "takes hours",
    "times this computer",
}
"""The reasons for which a block may say, in an HTML comment before it, that it is not run by a test."""

FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]*) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        language: What stands behind the fence.
        text: What is between the fences.
        reason: Why it is not run; empty where it is.
        start: Where the text begins in the page.
    """

    language: str
    text: str
    reason: str
    start: int

    @property
    def is_run(self) -> bool:
        """Whether a test runs it."""
        return self.language in RUNNABLE and not self.reason


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def find_blocks(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(m["language"], m["text"], m["reason"] or "", m.start("text")) for m in FENCE.finditer(text)]


def replace_parts(text: str, parts: list[tuple[int, str, str]]) -> str:
    """A page with other text in some places.

    Args:
        text: The page.
        parts: Where each begins, what stands there, and what shall.
    """
    for start, old, new in sorted(parts, reverse=True):
        assert text[start:].startswith(old)
        text = text[:start] + new + text[start + len(old) :]
    return text

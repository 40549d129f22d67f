"""Rewrites in each page what is not as the code says: generated tables, and the output of commands.

python -m tests.documentation [--numbers] [PAGE ...]

Look at the difference afterwards: of several places where a page leaves out lines, only one remains.
"""

from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.documentation.pages import PAGES, ROOT, read, replace_parts
from tests.documentation.reference import update_tables
from tests.documentation.replay import replay, shorten


def main() -> None:
    parser = ArgumentParser(prog="python -m tests.documentation", description=__doc__)
    parser.add_argument("--numbers", action="store_true", help="rewrite also output that differs in numbers only")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=", ".join(PAGES))
    options = parser.parse_args()
    for page in options.pages or PAGES:
        old = read(page)
        new = update_tables(old)
        with TemporaryDirectory() as folder:
            (Path(folder) / "here").mkdir()
            shown = list(replay(new, Path(folder) / "here"))
        wrong = [part for part in shown if not part.is_right or (options.numbers and "…" not in part.text)]
        new = replace_parts(new, [(part.start, part.text, shorten(part)) for part in wrong])
        for part in shown:
            if not part.is_right:
                print(f"{page}: {part.command}")
        if new != old:
            (ROOT / page).write_text(new, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

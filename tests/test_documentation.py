"""The documentation says what the program does: what it shows is run and compared, what it points to is there.

Where a test here fails because the program was changed on purpose, ``make docs`` rewrites the pages.
"""

import re
import shutil
import sys
from pathlib import Path

import pytest

from benchmarks.terminal import THEMES, record, text_of_lines, text_of_picture
from tests.documentation.pages import NOT_RUN, OUTPUT, PAGES, ROOT, RUNNABLE, find_blocks, read, replace_parts
from tests.documentation.reference import update_tables
from tests.documentation.replay import Shown, matches, replay, shorten

LANGUAGES = {*RUNNABLE, OUTPUT, "c", "json", "sh", "toml", "yaml"}
MOST_LINES_OF_THE_README = 290

needs_a_shell = pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("sh"), reason="the pages are written for a POSIX shell"
)


@needs_a_shell
@pytest.mark.parametrize("page", [page for page in PAGES if any(block.is_run for block in find_blocks(read(page)))])
def test_what_a_page_shows_is_what_comes_out(page: str, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    wrong = [f"$ {shown.command}\n{shown.found}" for shown in replay(read(page), folder) if not shown.is_right]
    assert not wrong, f"{page} shows something else; make docs rewrites it:\n" + "\n".join(wrong)


@needs_a_shell
def test_the_picture_of_the_terminal_shows_what_comes_out(tmp_path: Path) -> None:
    shown = {name: text_of_picture(read(f"docs/terminal-{name}.svg")) for name in THEMES}
    assert shown["light"] == shown["dark"]
    found = text_of_lines(record(tmp_path))
    assert matches(shown["light"], found), f"make docs draws it again:\n{found}"


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_table_says_what_the_code_says(page: str) -> None:
    assert update_tables(read(page)) == read(page), "make docs rewrites it"


@pytest.mark.parametrize("page", PAGES)
def test_what_is_not_run_says_why(page: str) -> None:
    blocks = find_blocks(read(page))
    assert {block.reason for block in blocks} <= {"", *NOT_RUN}
    assert {block.language for block in blocks} <= LANGUAGES
    assert [block.text for block in blocks if block.language == "sh" and not block.reason] == []
    assert read(page).count("\n```") == 2 * len(blocks), "a fence that is not closed, or not at the margin"


def test_each_reason_is_in_use() -> None:
    assert {block.reason for page in PAGES for block in find_blocks(read(page))} - {""} == NOT_RUN


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", read(page), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    for target in (markdown or html for markdown, html in targets):
        path, _, anchor = target.partition("#")
        if path.startswith("https:"):
            continue
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), target


def anchors(text: str) -> set[str]:
    """What the headings of a page are called in links to them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short() -> None:
    assert len(read("README.md").splitlines()) <= MOST_LINES_OF_THE_README


def test_pages_speak_of_no_machine_and_use_one_form_of_percentages() -> None:
    for page in PAGES:
        assert not re.search(r"/tmp/|/root/|/home/", read(page)), page
        assert not re.search(r"\d %", read(page)), page


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ("loss 0.25  accuracy 91.55%\n", "loss 0.3  accuracy 92.10%\n"),
        ("first\n…\n9  88.4%  a\n", "first\n8  1.0%  a\n9  88.0%  a\n"),
        ("epoch 1  51,266 images/s  0:00:01 left\n", "epoch 1  9,112 images/s  12:00:01 left\n"),
        ("a  1,000  b\n", "a    999,000 b\n"),
        ("first\n…\nlast\n", "first\nlast\n"),
        ("first\n…\nlast\n", "first\n2\n3\nlast\n"),
        ("…\n", ""),
        ('{"path":"7", … "n":2}\n', '{"path":"7", "p":0.1, "n":2}\n'),
        ('{"seconds":0.25,"rates":[0.5,12345]}\n', '{"seconds":7.5,"rates":[0.75,54321]}\n'),
        ("digest 0992ce4ac1bf68d9\n", "digest feb0a348247ff0bc\n"),
        ("runs/20240229-130509-mnist\n", "runs/20251231-000000-mnist\n"),
    ],
)
def test_output_may_differ_in(shown: str, found: str) -> None:
    assert matches(shown, found)


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ("7  100.0%\n", "9  100.0%\n"),
        ("epoch 3 of 3\n", "epoch 2 of 3\n"),
        ("accuracy 91.55%\n", "accuracy 90.50%\n"),
        ("… 91.55%\n", "accuracy 90.50%\n"),
        ("optimizer: {learning_rate: 0.02}\n", "optimizer: {learning_rate: 0.01}\n"),
        ("seconds: 60.0\n", "seconds: 61.0\n"),
        ("one line\n", "one line\nand one more\n"),
        ("one line\nand one more\n", "one line\n"),
        ("a … b\n", "a 1\nb\n"),
        ("loss (0.25)\n", "loss 0.25\n"),
        ("", "warning\n"),
    ],
)
def test_output_may_not_differ_in(shown: str, found: str) -> None:
    assert not matches(shown, found)


PAGE = """# Page
<!-- not run: takes hours -->
```console
$ false
```
```console
$ echo one; echo two
one
$ cat <<END
> 0.25
> END
0.5
$ echo from here to there, twice
from … twice
or so
$ cat letters 2> /dev/null || printf 'a\\nb\\nc\\nd\\n' > letters; cat letters
a
…
e
```
```python
number = 4
print("four")
```
```text
for
```
```python
print(number)
```
```text
4
```
"""


@needs_a_shell
def test_a_page_is_replayed_and_mended(tmp_path: Path) -> None:
    shown = list(replay(PAGE, tmp_path))
    assert [(part.command.partition("\n")[0], part.is_right) for part in shown] == [
        ("echo one; echo two", False),
        ("cat <<END", True),
        ("echo from here to there, twice", False),
        ("cat letters 2> /dev/null || printf 'a\\nb\\nc\\nd\\n' > letters; cat letters", False),
        ("number = 4", False),
        ("print(number)", True),
    ]
    wrong: list[Shown] = [part for part in shown if not part.is_right]
    mended = replace_parts(PAGE, [(part.start, part.text, shorten(part)) for part in wrong])
    assert "one\ntwo\n$ cat" in mended
    assert "twice\nfrom … twice\n$ cat" in mended
    assert "a\n…\nd\n```" in mended
    assert "four\n```" in mended
    assert all(part.is_right for part in replay(mended, tmp_path))

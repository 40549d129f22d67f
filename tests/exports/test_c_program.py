"""The program in exported C: what it reads and says; no file makes it touch memory that is not its own."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnfang.data import load
from nnfang.exports import Settings, encode
from nnfang.exports.int8 import round_weights
from nnfang.runs.bundled import NETWORK
from nnfang.runs.checkpoint import load as load_checkpoint
from tests.documentation.pages import find_blocks, read
from tests.documentation.replay import replay
from tests.exports.c_programs import Program, build_program, needs_cc
from tests.exports.variety import make_checkpoint, make_images

if TYPE_CHECKING:
    from nnfang.runs.checkpoint import Checkpoint

pytestmark = needs_cc

DIGIT = load("mnist-sample").x_test[0]
"""A 7."""


def build(checkpoint: Checkpoint, factory: pytest.TempPathFactory) -> Program:
    return build_program(encode(checkpoint, "c", Settings()), factory.mktemp("program"))


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return build(load_checkpoint(NETWORK), tmp_path_factory)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return build(make_checkpoint("features"), tmp_path_factory)


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return build(make_checkpoint("scores"), tmp_path_factory)


def binary(image: np.ndarray = DIGIT, head: str = "P5\n{w} {h}\n255\n") -> bytes:
    height, width = image.shape
    return head.format(w=width, h=height).encode() + image.tobytes()


def text(image: np.ndarray = DIGIT, head: str = "P2\n{w} {h}\n255\n") -> bytes:
    height, width = image.shape
    return (head.format(w=width, h=height) + "\n".join(map(str, image.ravel()))).encode()


WIDE = DIGIT.astype(">u2") * 257

GOOD = {
    "binary": binary(),
    "text": text(),
    "comments": binary(head="P5 # a 7\n#\n{w}#\r {h}\n# 0 0 0\n255#\n"),
    "comments in text": text(head="P2#\n{w}\t{h} #\n\r\n255 # 9\n#9\n"),
    "two bytes": binary(WIDE, "P5\n{w} {h}\n65535\n"),
    "large numbers": text(WIDE, "P2\n{w} {h}\n65535\n"),
    "few shades": text(DIGIT // 85, "P2\n{w} {h}\n3\n"),
    "something behind": binary() + b"P5",
}

BAD = {
    "empty": (b"", "not a PGM, which begins with P5 or P2"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(99), "not a PGM, which begins with P5 or P2"),
    "PPM": (b"P6 28 28 255 " + bytes(3 * 784), "not a PGM, which begins with P5 or P2"),
    "no gap": (b"P528 28 255 " + bytes(784), "not a PGM, which begins with P5 or P2"),
    "no numbers": (b"P5 a", "damaged: P5 is not followed by width, height and maxval"),
    "a comment without an end": (b"P2 28 28 #255", "damaged: P2 is not followed by width, height and maxval"),
    "negative": (b"P5 -28 28 255 ", "damaged: P5 is not followed by width, height and maxval"),
    "too wide": (b"P5 29 28 255 " + bytes(999), "has 29 x 28 pixels, the network takes 28 x 28"),
    "vast": (b"P5 28 99999999999999999999 255 ", "has 28 x 999999999 pixels, the network takes 28 x 28"),
    "black alone": (b"P5 28 28 0 " + bytes(784), "maxval is 0, not 1 to 65535"),
    "maxval": (b"P5 28 28 65536 " + bytes(1600), "maxval is 65536, not 1 to 65535"),
    "too short": (binary()[:-1], "damaged: 783 of 784 pixels, then it ends"),
    "too short for two bytes": (binary(WIDE, "P5\n{w} {h}\n65535\n")[:-1], "damaged: 783 of 784 pixels, then it ends"),
    "too short in text": (text()[:40], "of 784 pixels, then it ends"),
    "a word": (text().replace(b"\n0\n", b"\nzero\n", 1), "pixels, then no number"),
    "too bright": (b"P2 28 28 9 1 2 10", "damaged: pixel 3 is 10, more than its maxval 9"),
    "too bright for its bytes": (binary(head="P5 {w} {h} 254\n"), "is 255, more than its maxval 254"),
}


@pytest.mark.parametrize("kind", GOOD)
def test_a_pgm_is_read_however_it_is_written(kind: str, digits: Program) -> None:
    sure = " 99.9%" if kind == "few shades" else "100.0%"
    assert digits(digits.write("7.pgm", GOOD[kind])) == (0, f"7  {sure}  7.pgm\n", "")
    assert digits("-", stdin=GOOD[kind]) == (0, f"7  {sure}  -\n", "")


def test_pixels_are_scaled_to_bytes_and_rows_are_rows(tmp_path: Path) -> None:
    checkpoint = make_checkpoint("scores of pictures")
    program = build_program(encode(checkpoint, "c", Settings()), tmp_path)
    levels = np.arange(20).reshape(5, 4) * 3449
    expected = checkpoint.predict(np.rint(levels / 257).astype(np.uint8)[None])[0]
    answer = f"{'xyz'[expected.argmax()]}  {expected.max():6.3f}"
    for name, content in (
        ("text.pgm", text(levels, "P2 {w} {h} 65535 ")),
        ("binary.pgm", binary(levels.astype(">u2"), "P5 {w} {h} 65535 ")),
    ):
        assert program(program.write(name, content)) == (0, f"{answer}  {name}\n", "")
    turned = program(program.write("turned.pgm", text(levels.T, "P2 {w} {h} 65535 ")))
    assert turned[2] == "Error: turned.pgm: has 5 x 4 pixels, the network takes 4 x 5\n"


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_image_for_it_is_told(kind: str, digits: Program) -> None:
    content, reason = BAD[kind]
    code, stdout, stderr = digits(digits.write("bad.pgm", content))
    assert code == 1
    assert stderr.startswith("Error: bad.pgm: ")
    assert stderr.endswith(f"{reason}\n")
    assert stdout == f"-       -  bad.pgm  ({stderr[len('Error: bad.pgm: ') : -1]})\n"


def test_one_bad_image_among_others(digits: Program) -> None:
    names = [digits.write(f"{kind}.pgm", content) for kind, content in (("a", binary()), ("b", b""), ("c", text()))]
    code, stdout, _ = digits(*names, "missing.pgm", "..")
    assert code == 1
    assert [line[:3] for line in stdout.splitlines()] == ["7  ", "-  ", "7  ", "-  ", "-  "]
    assert "missing.pgm  (No such file or directory)" in stdout
    assert "..  (Is a directory)" in stdout


def test_damaged_images_are_read_or_refused(digits: Program) -> None:
    """Hundreds of them in one process, whose memory is watched."""
    rng = np.random.default_rng(0)
    originals, names = list(GOOD.values()), []
    for number in range(300):
        damaged = bytearray(originals[number % len(originals)])
        if number % 3 == 0:
            del damaged[rng.integers(len(damaged)) :]
        for _ in range(rng.integers(1, 4)):
            place = rng.integers(min(len(damaged), 40) or 1)
            damaged[place : place + 1] = rng.bytes(1)
        names.append(digits.write(f"{number}.pgm", bytes(damaged)))
    code, stdout, stderr = digits(*names)
    assert code == 1
    assert len(stdout.splitlines()) == len(names)
    assert 100 < stderr.count("\n") == stdout.count("\n-  ") + stdout.startswith("-") < 300


def test_test_vectors_are_checked(digits: Program, rows: Program, scores: Program) -> None:
    for program in (digits, rows, scores):
        code, stdout, _ = program("--test")
        assert code == 0
        assert stdout.startswith("test vectors  10 of 10 as when exported; largest difference ")


@pytest.mark.parametrize("number", ["1.5f", "NAN"])
def test_a_weight_that_was_changed_is_noticed(number: str, tmp_path: Path) -> None:
    source = encode(make_checkpoint("output alone"), "c", Settings()).decode()
    begin = source.index("W1[90] = {\n") + len("W1[90] = {\n")
    changed = source[:begin] + number + source[source.index(",", begin) :]
    code, stdout, _ = build_program(changed.encode(), tmp_path, sanitized=False)("--test")
    assert code == 1
    assert "10 of 10" not in stdout


def test_weights_of_8_bits_run_as_cleanly(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(NETWORK)
    program = build_program(encode(checkpoint, "c", Settings(int8=round_weights(checkpoint, None))), tmp_path)
    assert program("--test")[0] == 0
    assert program("-", stdin=binary())[1] == "7  100.0%  -\n"


def test_rows_of_a_table_are_classified(rows: Program) -> None:
    checkpoint = make_checkpoint("features")
    features = make_images(12, (12,)) / np.float32(255)
    outputs = checkpoint.predict(features)
    separators = [",", ";", " ", "\t", ", ", " ; "]
    lines = [separators[i % 6].join(map(str, row)) + ("\r\n" if i % 2 else "\n") for i, row in enumerate(features)]
    table = "\n".join(lines)  # with blank lines
    code, stdout, stderr = rows(rows.write("table.csv", table.rstrip().encode()))
    assert (code, stderr) == (0, "")
    names = [ascii(name)[1:-1] if not name.isprintable() else name for name in checkpoint.class_names]
    names[2] = "Ж\\n猫"
    expected = [
        f"{names[row.argmax()]}  {row.max():6.1%}  table.csv:{1 + sum(map(len, map(str.splitlines, lines[:i]))) + i}"
        for i, row in enumerate(outputs)
    ]
    assert stdout.splitlines() == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,2,3", "found 3 numbers; the network takes 12"),
        ("1," * 12 + "1", "found 13 numbers; the network takes 12"),
        ("1," * 11 + "x", "something is not a finite number; the network takes 12"),
        ("1," * 11 + "inf", "something is not a finite number; the network takes 12"),
        ("1," * 11 + "nan", "something is not a finite number; the network takes 12"),
        ("1," * 11 + "1e999", "something is not a finite number; the network takes 12"),
        ("1," * 10 + ",1", "something is not a finite number; the network takes 12"),
        ("1," * 12, "something is not a finite number; the network takes 12"),
        ("1.2.3" + ",1" * 10, "something is not a finite number; the network takes 12"),
        ("," + "1," * 11 + "1", "something is not a finite number; the network takes 12"),
        ("1" * 5000, "is no text, or a line is longer than 1790 characters"),
        ("1,2\0" + ",1" * 10, "is no text, or a line is longer than 1790 characters"),
    ],
    ids=range(12),
)
def test_a_line_that_makes_no_sense_is_told(line: str, reason: str, rows: Program) -> None:
    good = ",".join("1" * 12)
    code, stdout, stderr = rows(rows.write("t.csv", f"{good}\n{line}\n{good}\n".encode()))
    assert code == 1
    assert stderr == f"Error: t.csv:2: {reason}\n"
    assert stdout.splitlines()[1] == f"-       -  t.csv:2  ({reason})"
    assert len(stdout.splitlines()) == (2 if "longer" in reason else 3)


def test_scores_are_no_percentages(scores: Program) -> None:
    expected = make_checkpoint("scores").predict(np.ones((1, 12)))[0]
    code, stdout, _ = scores("-", stdin=b"1 " * 12)
    assert code == 0
    assert stdout == f"{'xyz'[expected.argmax()]}  {expected.max():6.3f}  -:1\n"


def test_names_of_files_do_not_reach_the_terminal_as_commands(digits: Program) -> None:
    _, stdout, stderr = digits("\x1b[2J\u009b\x7fé.pgm")
    assert stderr == "Error: ?[2J??é.pgm: No such file or directory\n"
    assert stdout.startswith("-       -  ?[2J??é.pgm  (")


def test_it_says_how_it_is_used(digits: Program, rows: Program) -> None:
    code, stdout, stderr = digits()
    assert (code, stdout) == (2, "")
    assert stderr.startswith("Say what images of 28 x 28 pixels show.")
    assert digits("--help") == (0, stderr, "")
    assert rows()[2].startswith("Classify rows of 12 numbers")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_output_that_cannot_be_written_is_no_success(digits: Program) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([digits.path, "--test"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (1, b"Error: standard output cannot be written\n")


def test_what_the_documentation_shows_comes_out(tmp_path: Path) -> None:
    """Its commands for a C compiler, which are not run where the page itself is tested."""
    page = read("docs/exports.md")
    section = page[page.index("\n## C\n") :]
    program = next(block for block in find_blocks(section) if block.language == "c")
    (tmp_path / "own.c").write_text(program.text)
    shown = list(replay(section.replace("<!-- not run: needs a C compiler -->\n", ""), tmp_path))
    assert [part.command for part in shown if part.command.startswith("./")] == [
        "./digits --test",
        "./digits 7.pgm",
        "./own",
    ]
    assert [f"$ {part.command}\n{part.found}" for part in shown if not part.is_right] == []

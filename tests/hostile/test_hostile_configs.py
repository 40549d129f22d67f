import re
from pathlib import Path

import pytest

from tests.hostile.measured import refused

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(b)}: &{chr(b)} [{', '.join([f'*{chr(b - 1)}'] * 9)}]\n" for b in range(ord("b"), ord("j"))
)

HOSTILE = {
    "anchors that expand without end": (BOMB, "more than 10,000 values"),
    "an anchor within itself": ("layers: &a [*a]\n", "nested too deeply"),
    "a tag that calls": ("seed: !!python/object/apply:os.system ['touch ran']\n", "the tag .* is not allowed"),
    "a tag that imports": ("!!python/module:antigravity\n", "the tag .* is not allowed"),
    "a tag of one's own": ("seed: !Danger 1\n", "the tag !Danger is not allowed"),
    "ten thousand layers": ("layers:\n" + "- {type: dense, units: 1}\n" * 10_000, "more than 10,000 values"),
    "deep lists": ("layers: " + "[" * 100_000, "nested too deeply"),
    "deep mappings": ("".join(f"{' ' * depth}a:\n" for depth in range(1200)), "nested too deeply"),
    "deep blocks": ("- " * 300_000, "nested too deeply"),
    "a number of a megabyte": ("seed: " + "9" * 900_000, "a number of 900000 digits, which is too long"),
    "a hexadecimal number of a megabyte": ("seed: 0x" + "f" * 900_000, "a number of 900002 digits, which is too long"),
    "a number to base sixty": ("seed: 1" + ":1" * 400_000, "a number of 800001 digits, which is too long"),
    "nothing but faults": ("x: 1\n" * 20_000, "more than 10,000 values"),
    "a text of a megabyte": ("dataset: mnist-sample\nloss: " + "x" * 900_000, "loss: found 'xxx"),
    "a key of a megabyte": ("? " + "x" * 900_000 + "\n: 1\n", "expected a name"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_config_is_refused(kind: str, tmp_path: Path) -> None:
    text, reason = HOSTILE[kind]
    (tmp_path / "hostile.yaml").write_text(text)
    message = refused(2, tmp_path, "train", "-c", "hostile.yaml")
    assert message.startswith("hostile.yaml")
    assert len(message) < 1000
    assert re.search(reason, message), message[:300]
    assert [path.name for path in tmp_path.iterdir()] == ["hostile.yaml"]


def test_a_hundred_megabytes_are_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.yaml").open("wb") as file:
        file.write(b"epochs: 1\n#")
        file.truncate(100 * 2**20)
    assert "longer than 1,000,000" in refused(2, tmp_path, "train", "-c", "large.yaml")
    assert "longer than 1,000,000" in refused(2, tmp_path, "train", "-c", "-", stdin=tmp_path / "large.yaml")


def test_a_billion_units_are_more_than_there_is_memory(tmp_path: Path) -> None:
    units = ("--set", "layers[0].units=1000000000")
    assert "not enough memory" in refused(1, tmp_path, "train", "--dataset", "mnist-sample", *units)

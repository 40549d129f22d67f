"""Files that are almost right: a valid one, and a few changes to its bytes."""

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

TELLING = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f")
"""The least and the largest numbers, which lengths are made of."""


def mutants(seeds: Sequence[bytes], words: Sequence[bytes] = ()) -> st.SearchStrategy[bytes]:
    """One of the seeds with one to eight changes.

    Args:
        seeds: Valid files.
        words: What means something in their format.
    """
    piece = st.sampled_from([*TELLING, *words]) | st.binary(min_size=1, max_size=8)
    change = st.one_of(
        st.tuples(st.just(_overwrite), piece),
        st.tuples(st.just(_overwrite), piece),
        st.tuples(st.just(_insert), piece),
        st.tuples(st.just(_flip), st.integers(0, 7)),
        st.tuples(st.just(_remove), st.integers(1, 64)),
        st.tuples(st.just(_repeat), st.integers(1, 64)),
        st.tuples(st.just(_cut), st.just(0)),
    )
    # Half of the places are in the first bytes, where headers are.
    place = st.integers(0, 64) | st.integers(0, 2**20)
    return st.builds(_apply, st.sampled_from(seeds), st.lists(st.tuples(place, change), min_size=1, max_size=8))


def _apply(content: bytes, changes: list[tuple[int, tuple[Callable[..., bytes], object]]]) -> bytes:
    for place, (change, what) in changes:
        content = change(content, place % (len(content) + 1), what)
    return content


def _overwrite(content: bytes, at: int, piece: bytes) -> bytes:
    return content[:at] + piece + content[at + len(piece) :]


def _insert(content: bytes, at: int, piece: bytes) -> bytes:
    return content[:at] + piece + content[at:]


def _flip(content: bytes, at: int, bit: int) -> bytes:
    return content[:at] + bytes(byte ^ 1 << bit for byte in content[at : at + 1]) + content[at + 1 :]


def _remove(content: bytes, at: int, size: int) -> bytes:
    return content[:at] + content[at + size :]


def _repeat(content: bytes, at: int, size: int) -> bytes:
    return content[:at] + content[at : at + size] * 8 + content[at:]


def _cut(content: bytes, at: int, _: int) -> bytes:
    return content[:at]

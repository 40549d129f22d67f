"""An evaluation as files that other programs read: CSV, JUnit's XML, and the Markdown of a page of CI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from nnfang.names import escape
from nnfang.reports.quoting import csv_text, markdown, xml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nnfang.reports.mistakes import Mistakes
    from nnfang.reports.result import Part, Result
    from nnfang.training.evaluation import Evaluation

MOST_COLUMNS = 40
"""Classes of a confusion matrix that a page can show."""


def confusion_csv(result: Result) -> str:
    """A row per true class, a column per predicted class, with their names."""
    names = result.data.class_names
    rows = zip(names, result.evaluation.confusion.tolist(), strict=True)
    return csv_text([["true \\ predicted", *names], *([name, *row] for name, row in rows)])


def errors_csv(result: Result, mistakes: Mistakes) -> str:
    """A row per image classified wrongly: its index, true and predicted class, how sure the network was, and loss."""
    columns = (mistakes.rows, mistakes.true, mistakes.predicted, mistakes.confidence, mistakes.losses)
    value = "probability" if result.is_probability else "score"
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return csv_text(
        [
            ["index", "true", "predicted", value, "loss"],
            *([index, result.name(true), result.name(taken), *numbers] for index, true, taken, *numbers in rows),
        ]
    )


def junit(result: Result, least: float | None) -> bytes:
    """One test: the accuracy, which fails where it is below `least`; the matrix is what the test has printed."""
    evaluation = result.evaluation
    title = f"{result.split} images of {result.data.name}"
    is_failure = least is not None and evaluation.accuracy < least
    root = Element("testsuites")
    suite = SubElement(root, "testsuite", _attributes(name="nnfang evaluate", tests=1, failures=int(is_failure)))
    properties = SubElement(suite, "properties")
    facts = {"model": result.model, "accuracy": evaluation.accuracy, "loss": evaluation.loss, "images": evaluation.n}
    for name, value in facts.items():
        SubElement(properties, "property", _attributes(name=name, value=value))
    case = SubElement(suite, "testcase", _attributes(classname=title, name="accuracy"))
    if is_failure:
        SubElement(case, "failure", _attributes(message=f"accuracy {evaluation.accuracy:.4f} is below {least:g}"))
    SubElement(case, "system-out").text = xml_text(confusion_csv(result))
    indent(root)
    text: bytes = tostring(root, "utf-8", xml_declaration=True)
    return text + b"\n"


def _attributes(**values: Any) -> dict[str, str]:
    return {name: xml_text(escape(str(value))) for name, value in values.items()}


def summary(result: Result) -> str:
    """A section of Markdown: the figures, the confusion matrix, and who is taken for whom."""
    return "\n".join(_summary(result)) + "\n\n"


def _summary(result: Result) -> Iterator[str]:
    evaluation, names = result.evaluation, result.data.class_names
    yield f"### {markdown(result.model)}: {evaluation.accuracy:.2%} correct"
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| accuracy | {_with_interval(evaluation)} |"
    if result.top:
        yield f"| top {result.k} | {_with_interval(result.top)} |"
    yield f"| loss | {evaluation.loss:.4f} |"
    yield f"| images | {evaluation.n:,} ({result.split} images of {markdown(result.data.name)}) |"
    if result.calibration:
        yield f"| expected calibration error | {result.calibration.error:.2%} |"
    if len(names) <= MOST_COLUMNS:
        yield ""
        yield from _matrix(evaluation.confusion.tolist(), [markdown(name) for name in names])
    if result.confusions:
        yield ""
    for pair in result.confusions:
        yield f"- {markdown(result.name(pair.true))} read as {markdown(result.name(pair.predicted))}: {pair.images:,}"


def _with_interval(part: Evaluation | Part) -> str:
    low, high = part.interval
    return f"{part.accuracy:.2%} (95% interval {low:.2%} to {high:.2%})"


def _matrix(confusion: Sequence[Sequence[int]], names: Sequence[str]) -> Iterator[str]:
    """The images by true class (row) and predicted class (column); those that are correct in bold, no zeros."""
    yield f"| true \\\\ predicted | {' | '.join(names)} |"
    yield f"|---|{'--:|' * len(names)}"
    for i, row in enumerate(confusion):
        cells = [f"**{count}**" if i == j else str(count or "") for j, count in enumerate(row)]
        yield f"| **{names[i]}** | {' | '.join(cells)} |"

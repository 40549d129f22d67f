"""Tables of an evaluation, read again by what reads them: the names of strangers stay text."""

import csv
import io
from html.parser import HTMLParser
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest
from markdown_it import MarkdownIt

from nnfang.reports.mistakes import Mistakes
from nnfang.reports.quoting import csv_text, markdown, xml_text
from nnfang.reports.tables import confusion_csv, errors_csv, junit, summary
from tests.reports.results import HOSTILE, make_result

RESULT = make_result()
CELLS = [
    '\'=HYPERLINK("http://x.example")',
    "<script>alert(1)</script>",
    "| [x](http://x.example) ![y](z) `a` **b** &lt;",
    "\\x1b[31mred\\nline\\u202e\ufffe\\xff",
    "$\\frac{$ {{ x }} %s 手",
]


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "  =1", "\t=1", "-", "+1 2"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    (((cell, number),)) = csv.reader(io.StringIO(csv_text([[text, -0.5]])))
    assert (cell[0] in "'\\", number) == (True, "-0.5")


@pytest.mark.parametrize("text", ["7", "-1", "+0.5", "T-shirt/top", "Ankle boot", "a=b", 'a,"b"'])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert list(csv.reader(io.StringIO(csv_text([[text]])))) == [[text]]


def test_the_confusion_matrix_can_be_read_again() -> None:
    header, *rows = csv.reader(io.StringIO(confusion_csv(RESULT)))
    assert header == ["true \\ predicted", *CELLS]
    assert [row[0] for row in rows] == CELLS
    assert [[int(cell) for cell in row[1:]] for row in rows] == RESULT.evaluation.confusion.tolist()


def test_the_mistakes_are_sorted_by_loss_and_can_be_found_again() -> None:
    header, *rows = csv.reader(io.StringIO(errors_csv(RESULT, Mistakes.of(RESULT))))
    assert header == ["index", "true", "predicted", "probability", "loss"]
    outputs, labels = RESULT.outcome.outputs, RESULT.outcome.labels
    wrong = (outputs.argmax(axis=1) != labels).nonzero()[0]
    assert sorted(int(row[0]) for row in rows) == wrong.tolist()
    losses = [float(row[4]) for row in rows]
    assert losses == sorted(losses, reverse=True)
    for row in rows:
        i = int(row[0])
        assert row[1:3] == [CELLS[labels[i]], CELLS[outputs[i].argmax()]]
        assert float(row[3]) == pytest.approx(outputs[i].max(), rel=1e-6)
        assert float(row[4]) == pytest.approx(-np.log(outputs[i, labels[i]]), rel=1e-3)


@pytest.mark.parametrize(("least", "failures"), [(None, 0), (0.0, 0), (1.0, 1)])
def test_junit_is_a_test_that_fails_below_the_gate(least: float | None, failures: int) -> None:
    (suite,) = fromstring(junit(RESULT, least))
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("1", str(failures))
    case = suite.find("testcase")
    assert case is not None
    assert case.attrib == {"classname": "test images of a|<b>", "name": "accuracy"}
    assert len(case.findall("failure")) == failures
    printed = case.findtext("system-out")
    assert printed == xml_text(confusion_csv(RESULT))
    assert HOSTILE[1] in printed
    values = {item.attrib["name"]: item.attrib["value"] for item in suite.iter("property")}
    assert values["model"] == "=runs/<i>|\\n"
    assert float(values["accuracy"]) == RESULT.evaluation.accuracy


class Tags(HTMLParser):
    """The tags of a page, and the text between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def test_the_page_of_ci_is_a_table_and_nothing_that_a_stranger_wants() -> None:
    page = Tags()
    page.feed(MarkdownIt("commonmark").enable("table").render(summary(RESULT)))
    assert page.tags == {"h3", "table", "thead", "tbody", "tr", "th", "td", "strong", "ul", "li"}
    page.cells = [cell.strip().partition("\n")[0] for cell in page.cells]
    for name in (HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[4]):
        assert page.cells.count(name) >= 2
    first = page.cells.index("true \\ predicted")
    matrix = np.array(page.cells[first:][: 6 * 6], object).reshape(6, 6)
    assert [[int(cell or 0) for cell in row[1:]] for row in matrix[1:]] == RESULT.evaluation.confusion.tolist()


def test_a_matrix_of_many_classes_is_left_out_of_the_page() -> None:
    assert "predicted |" not in summary(make_result(tuple(map(str, range(41)))))


def test_no_text_can_leave_its_line_of_markdown() -> None:
    assert "\n" not in markdown("a\nb\r\u2028c")

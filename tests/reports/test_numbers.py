"""The numbers of an evaluation, against those of scikit-learn 1.9.1, SciPy and the literature."""

import numpy as np
import pytest
from scipy.stats import binomtest

from nnfang.reports.calibration import measure_calibration
from nnfang.reports.scores import Confusion, count_in_top, find_confusions, rank_labels
from nnfang.reports.significance import Pairing, mcnemar, pair
from nnfang.training.evaluation import Evaluation

PERCENTAGES = [
    *([28, 48, 21, 3], [9, 54, 19, 18], [46, 3, 26, 25], [21, 40, 4, 35], [40, 15, 9, 36], [32, 47, 14, 7]),
    *([1, 21, 72, 6], [29, 14, 4, 53], [23, 3, 36, 38], [13, 31, 45, 11], [0, 76, 23, 1], [5, 29, 7, 59]),
]
PROBABILITIES = np.array(PERCENTAGES) / 100
LABELS = np.arange(12) % 4

CONFUSION = np.array([[1, 1, 0, 1], [0, 2, 1, 0], [1, 1, 1, 0], [0, 1, 0, 2]])
"""sklearn.metrics.confusion_matrix(LABELS, PROBABILITIES.argmax(axis=1))"""


def test_the_scores_of_classes_are_those_of_scikit_learn() -> None:
    found = Evaluation(0.0, CONFUSION).class_scores()  # precision_recall_fscore_support
    assert [score.precision for score in found] == pytest.approx([0.5, 0.4, 0.5, 2 / 3])
    assert [score.recall for score in found] == pytest.approx([1 / 3, 2 / 3, 1 / 3, 2 / 3])
    assert [score.f1 for score in found] == pytest.approx([0.4, 0.5, 0.4, 2 / 3])


def test_the_accuracy_among_the_first_k_is_that_of_scikit_learn() -> None:
    found = [count_in_top(PROBABILITIES, LABELS, k) / 12 for k in (1, 2, 3, 4)]
    assert found == pytest.approx([0.5, 0.9166666666666666, 1, 1])  # top_k_accuracy_score


def test_a_rank_agrees_with_argmax_where_outputs_are_equal_or_no_numbers() -> None:
    nan = np.nan
    outputs = np.array([[2, 2, 1], [2, 2, 1], [0, nan, 9], [0, nan, 9], [nan, nan, 1], [5, 5, 5]], np.float32)
    labels = np.array([0, 1, 1, 2, 1, 2], np.uint8)
    assert rank_labels(outputs, labels).tolist() == [0, 1, 0, 1, 1, 2]
    for label in range(3):
        ranks = rank_labels(outputs, np.full(6, label, np.uint8))
        assert ((ranks == 0) == (outputs.argmax(axis=1) == label)).all()


def test_the_confusions_are_sorted_and_none_is_of_a_class_with_itself() -> None:
    confusion = np.array([[90, 3, 0], [7, 80, 3], [0, 0, 70]])
    assert find_confusions(confusion, 9) == [Confusion(1, 0, 7), Confusion(0, 1, 3), Confusion(1, 2, 3)]
    assert find_confusions(confusion, 1) == [Confusion(1, 0, 7)]
    assert find_confusions(np.diag([5, 6]), 9) == []


def test_calibration_is_that_of_scikit_learn() -> None:
    found = measure_calibration(PROBABILITIES, LABELS, bins=5)
    assert found is not None
    assert found.images.tolist() == [0, 3, 7, 2, 0]
    assert found.accuracy[1:4] == pytest.approx([1 / 3, 4 / 7, 1 / 2])  # calibration_curve
    assert found.confidence[1:4] == pytest.approx([0.39333333, 0.50285714, 0.74])
    assert found.error == pytest.approx((0.18 + 0.48 + 0.48) / 12)


def test_a_bin_is_described_by_its_edges_and_what_is_in_it() -> None:
    probabilities = np.array([[0.3, 0.7], [0.9, 0.1], [0.95, 0.05]])
    found = measure_calibration(probabilities, np.array([1, 0, 1]), bins=5)
    assert found
    assert list(found.describe_bins()[0]) == ["over", "to", "n", "confidence", "accuracy"]
    bins = [list(described.values()) for described in found.describe_bins()]
    assert bins == [pytest.approx([0.6, 0.8, 1, 0.7, 1.0]), pytest.approx([0.8, 1.0, 2, 0.925, 0.5])]


def test_the_calibration_error_is_0_of_who_is_as_often_right_as_claimed_and_else_the_gap() -> None:
    probabilities = np.tile(np.array([[0.75, 0.25]], np.float32), (400, 1))
    labels = (np.arange(400) % 4 == 0).astype(np.uint8)
    for expected, classes in ((0.0, labels), (0.75, np.ones(400, np.uint8)), (0.25, np.zeros(400, np.uint8))):
        found = measure_calibration(probabilities, classes)
        assert found is not None
        assert found.error == pytest.approx(expected)


def test_certainty_is_in_the_last_bin_and_what_is_no_number_has_no_calibration() -> None:
    found = measure_calibration(np.eye(3, dtype=np.float32), np.arange(3))
    assert found is not None
    assert (found.images[-1], found.error) == (3, 0)
    assert measure_calibration(np.array([[np.nan, 0.5]]), np.array([0])) is None


@pytest.mark.parametrize(
    ("mends", "breaks", "p_value"),
    [
        (7, 1, 0.0703),  # Fagerland, Lydersen, Laake 2013, table 4: airway hyper-responsiveness, exact conditional
        (41, 23, 0.0327657590988232),  # the others by scipy.stats.binomtest 1.17.1
        (150, 86, 3.7159361395713866e-05),
        (3, 0, 0.25),
        (0, 0, 1),
        (5, 5, 1),
    ],
)
def test_the_p_value_is_the_published_one(mends: int, breaks: int, p_value: float) -> None:
    assert mcnemar(mends, breaks) == pytest.approx(p_value, rel=4e-4)
    assert mcnemar(breaks, mends) == mcnemar(mends, breaks) == Pairing(mends, breaks).p_value


def test_the_p_value_is_that_of_the_binomial_test_however_small() -> None:
    for mends, breaks in [(i, n - i) for n in (1, 2, 9, 30) for i in range(n + 1)] + [(400, 500), (10, 3000), (0, 900)]:
        assert mcnemar(mends, breaks) == pytest.approx(binomtest(mends, mends + breaks).pvalue, rel=1e-9)


def test_what_only_one_network_gets_right_is_counted() -> None:
    a, b = np.array([1, 1, 0, 0, 0, 1], bool), np.array([1, 0, 1, 1, 0, 1], bool)
    assert pair(a, b) == Pairing(mends=2, breaks=1)

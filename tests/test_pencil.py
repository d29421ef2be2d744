"""Least ratios of two quadratic forms: the fast ways against the plain one."""

import numpy as np
import pytest

from noether_sym.statistics import pencil
from noether_sym.statistics.pencil import independent, least_ratio, least_ratios

DROP = 1e-8


def forms(terms, seed=0, rank=None):
    """A form and a reference; of some rank, those of terms that stand for each other."""
    rng = np.random.default_rng(seed)
    mix = np.eye(terms) if rank is None else rng.normal(size=(rank, terms))
    rows = rng.normal(size=(300, len(mix))) @ mix
    other = rng.normal(size=(300, len(mix))) @ mix
    return rows.T @ rows / 300, other.T @ other / 300


def ratio(combination, form, reference):
    return (combination @ form @ combination) / (combination @ reference @ combination)


@pytest.mark.parametrize("terms", [1, 2, 7, 60])
@pytest.mark.parametrize("definite", [False, True])
def test_the_least_ratio_is_the_first_of_all(terms, definite):
    form, reference = forms(terms)
    ratios, _ = least_ratios(form, reference, DROP)
    found, whole = least_ratio(form, reference, DROP, definite=definite)
    assert whole
    assert ratio(found, form, reference) == pytest.approx(ratios[0], rel=1e-10)
    assert found @ reference @ found == pytest.approx(1.0, rel=1e-10)


def test_some_of_the_terms_are_found_from_what_all_of_them_gave():
    form, reference = forms(40, seed=1)
    larger, _ = least_ratio(form, reference, DROP, definite=True)
    for dropped in range(40):
        kept = np.delete(np.arange(40), dropped)
        pick = np.ix_(kept, kept)
        near = (ratio(larger, form, reference), larger[kept])
        found, _ = least_ratio(form[pick], reference[pick], DROP, definite=True, near=near)
        ratios, combinations = least_ratios(form[pick], reference[pick], DROP)
        assert ratio(found, form[pick], reference[pick]) == pytest.approx(ratios[0], rel=1e-12)
        assert abs(found @ reference[pick] @ combinations[:, 0]) == pytest.approx(1.0, rel=1e-8)


def test_a_bound_that_is_none_is_noticed():
    form, reference = forms(12, seed=2)
    ratios, combinations = least_ratios(form, reference, DROP)
    near = (float(ratios[3]), combinations[:, 3])  # three lie below
    assert pencil._iterated(form, reference, *near) is None
    found, _ = least_ratio(form, reference, DROP, definite=True, near=near)
    assert ratio(found, form, reference) == pytest.approx(ratios[0], rel=1e-10)


@pytest.mark.parametrize("definite", [False, True])
def test_identities_are_dropped_whatever_was_believed(definite):
    form, reference = forms(9, seed=3, rank=6)
    ratios, _ = least_ratios(form, reference, DROP)
    assert len(ratios) == 6
    found, whole = least_ratio(form, reference, DROP, definite=False)
    assert not whole
    assert ratio(found, form, reference) == pytest.approx(ratios[0], rel=1e-6)
    nothing = np.zeros((3, 3))
    found, whole = least_ratio(np.eye(3), nothing, DROP, definite=definite)
    assert not whole
    assert not found.any()


def test_of_terms_that_stand_for_each_other_the_first_are_kept():
    _, reference = forms(9, seed=3, rank=6)
    kept = independent(reference, DROP)
    assert kept.tolist() == [True] * 6 + [False] * 3
    assert np.linalg.matrix_rank(reference[np.ix_(kept, kept)]) == 6

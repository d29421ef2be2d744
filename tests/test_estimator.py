"""The estimator: scikit-learn's own checks, and its habits on data that have laws."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import noether_sym
from noether_sym import ConservationLaws
from noether_sym.errors import DatasetError, OptionError

QUICK = {"search": "sums", "budget": 1}


def springs(sizes, omega=2.0):
    """States, trajectories and times of springs: x**2 + v**2/4 is constant along each."""
    t = np.linspace(0.0, 6.0, 60)
    states = [s * np.c_[np.cos(omega * t), -omega * np.sin(omega * t)] for s in sizes]
    return np.concatenate(states), np.repeat(np.arange(len(sizes)), 60), np.tile(t, len(sizes))


X, GROUPS, T = springs((0.5, 0.8, 1.1, 1.4, 1.7))


@pytest.fixture(scope="module")
def fitted():
    return ConservationLaws(**QUICK).fit(X, groups=GROUPS, t=T)


# scikit-learn's data hold no law: with the smallest search the checks are of the habits alone
@parametrize_with_checks([ConservationLaws(search="formulas", depth=1)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([ConservationLaws(budget=1)])
def test_scikit_learn_checks_with_a_search_of_both_kinds(estimator, check):
    check(estimator)


def test_the_values_of_the_laws_come_out(fitted):
    assert fitted.get_feature_names_out().tolist() in (
        ["x0**2 + 0.25*x1**2"],
        ["x1**2 + 4*x0**2"],
    )
    assert fitted.summary_.startswith("1 law found")
    values = fitted.transform(X)
    assert values.shape == (300, 1)
    for group in range(5):
        own = values[group == GROUPS, 0]
        assert np.ptp(own) < 1e-9 * own.mean()
    np.testing.assert_allclose(fitted.laws_[0](X), values[:, 0])
    assert fitted.transform(X[:0:-7]).shape == (43, 1)


def test_score_tells_the_same_system_from_another(fitted):
    same, groups, t = springs((0.6, 1.0, 2.0))
    assert fitted.score(same, groups=groups, t=t) > 1 - 1e-9
    other, groups, t = springs((0.6, 1.0, 2.0), omega=3.0)
    assert 0.0 < fitted.score(other, groups=groups, t=t) < 0.99
    noise = np.random.default_rng(0).normal(size=(180, 2))
    assert fitted.score(noise, groups=groups) < 0.3
    with pytest.raises(DatasetError, match="cannot be scored"):
        fitted.score(X, groups=np.arange(300))


def test_clones_copies_and_pickles_answer_the_same(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(X), fitted.transform(X))
    assert again.get_feature_names_out().tolist() == fitted.get_feature_names_out().tolist()
    fresh = clone(fitted)
    assert not hasattr(fresh, "laws_")
    assert fresh.fit(X, groups=GROUPS, t=T).laws_ == fitted.laws_


def test_it_stands_in_pipelines_and_cross_validation():
    scaled = make_pipeline(StandardScaler(with_mean=False), ConservationLaws(**QUICK))
    scaled.fit(X, conservationlaws__groups=GROUPS)
    values = scaled.transform(X)
    assert np.ptp(values[GROUPS == 2]) < 1e-9
    with sklearn.config_context(enable_metadata_routing=True):
        own = ConservationLaws(**QUICK).set_fit_request(groups=True, t=True)
        scores = cross_val_score(
            own.set_score_request(groups=True, t=True),
            X,
            params={"groups": GROUPS, "t": T},
            cv=GroupKFold(2),
            error_score="raise",
        )
    assert scores.shape == (2,)
    assert scores.min() > 1 - 1e-9
    table = pd.DataFrame(X, columns=["x [m]", "v [m/s]"])
    own = ConservationLaws(time_unit="s", **QUICK).set_output(transform="pandas")
    shown = own.fit(table, groups=GROUPS, t=T).transform(table)
    assert list(shown.columns) in (["x**2 + 0.25*v**2"], ["v**2 + 4*x**2"])


def test_units_derived_quantities_and_parameters(fitted):
    rows = np.c_[100 * X, np.repeat([1.0, 2.0, 3.0, 1.0, 2.0], 60)]
    own = ConservationLaws(
        units=["cm", "cm/s", "kg"], parameters=["x2"], derive={"r": "x0**2"}, **QUICK
    ).fit(rows, groups=GROUPS)
    values = own.transform(rows)
    assert values.shape[1] == len(own.laws_) >= 1
    assert "derived column r = x0**2 [cm**2]" in own.notes_
    for place in range(values.shape[1]):
        assert np.ptp(values[GROUPS == 3, place]) < 1e-9 * abs(values[GROUPS == 3, place].mean())


@pytest.mark.parametrize(
    ("options", "data", "message"),
    [
        ({"units": ["m"]}, {}, "1 units for 2 features"),
        ({"units": ["m", "m/s"]}, {"t": T}, "time_unit='s'"),
        ({"search": "all"}, {}, "search is 'all'"),
        ({}, {"groups": GROUPS[:5]}, "groups holds 5 values for 300 samples"),
        ({}, {"t": T[::-1], "groups": None}, "does not come after"),
    ],
)
def test_bad_input_is_a_value_error_in_words(options, data, message):
    with pytest.raises(ValueError, match=message):
        ConservationLaws(**{**QUICK, **options}).fit(X, **{"groups": GROUPS, **data})


def test_names_of_features_that_are_times_are_refused():
    with pytest.raises(DatasetError, match="give times as t="):
        ConservationLaws(**QUICK).fit(pd.DataFrame(X, columns=["t", "x"]))
    assert issubclass(OptionError, ValueError)


def test_without_scikit_learn_the_package_stands_and_the_estimator_says_what_to_install():
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from noether_sym import *\n"
        "import noether_sym\n"
        "try:\n    noether_sym.ConservationLaws\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install '.[sklearn]'" in done.stdout
    assert "ConservationLaws" in dir(noether_sym)

"""The constant of a swinging pendulum from its zeros and amplitudes."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from benchmarks import neural_film


@pytest.mark.parametrize("reach", [0.2, 1.2, 2.5])
def test_periods_and_amplitudes_give_the_constant_of_a_pendulum(reach):
    times = np.arange(0.0, 20.0, 0.03)
    angles = solve_ivp(
        lambda _, state: [state[1], -6.0 * np.sin(state[0])],
        (0.0, times[-1]), [-reach, 0.0], t_eval=times, rtol=1e-10, atol=1e-10,
    ).y[0]  # fmt: skip
    found = neural_film.constants_of_swings([(times, angles), (times[:3], angles[:3])])
    assert len(found) > 3
    assert np.array(found) == pytest.approx(12.0, rel=2e-3)


def test_without_the_film_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(neural_film, "measured", lambda: {"status": "missing", "reason": "none"})
    texts = neural_film.section(tmp_path, (1, 1), fresh=False, quick=False)
    assert texts == {neural_film.TITLE: None}

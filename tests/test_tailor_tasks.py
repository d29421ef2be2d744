"""Tailoring: options, and tasks for the workers."""

import math
import pickle
import threading

import pytest
import torch

from noether_sym.tailor import RATES, TailorOptions
from noether_sym.tailor.tasks import cut_into_tasks, workers


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"top": 0}, "top is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"seeds": 0}, "seeds is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"rates": ()}, "one or more positive"),
        ({"rates": (0.1, -0.1)}, "one or more positive"),
        ({"rates": (math.nan,)}, "one or more positive"),
        ({"loss": "differences"}, "unknown Noether loss 'differences'; known: drift, difference"),
        ({"device": "gpu"}, "unknown device 'gpu'; known: auto, cpu, cuda"),
    ],
)
def test_options_that_make_no_sense_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        TailorOptions(**wrong)


def test_options_in_json_leave_out_the_number_of_workers():
    one, two = (TailorOptions(jobs=jobs).deciding("cpu") for jobs in (1, 2))
    assert one == two
    assert one.rates[0] == pytest.approx(1e-3)
    assert one.rates[-1] == pytest.approx(10.0)
    assert pickle.loads(pickle.dumps(TailorOptions(top=3))).top == 3


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("samples", [1, 1125, 100_000])
def test_tasks_hold_every_trial_once(device, samples):
    wanted = dict.fromkeys(range(20), RATES)
    tasks = cut_into_tasks(wanted, samples, device)
    trials = [
        (row, rate)
        for task in tasks
        for row, rates in zip(task.rows, task.rates, strict=True)
        for rate in rates
    ]
    assert trials == [(row, rate) for row in range(20) for rate in RATES]
    assert all(len({len(rates) for rates in task.rates}) == 1 for task in tasks)


def test_tasks_fit_the_device():
    wanted = dict.fromkeys(range(20), RATES)
    assert len(cut_into_tasks(wanted, 1125, "cuda")) == 1
    assert len(cut_into_tasks(wanted, 1125, "cpu")) == 60
    assert len(cut_into_tasks(wanted, 10**7, "cpu")) == 180
    assert cut_into_tasks({}, 1125, "cpu") == []


def test_an_error_drops_the_tasks_that_have_not_begun():
    begun, release = threading.Event(), threading.Event()
    late = []

    def first():
        begun.set()
        release.wait(10)

    def stopped():
        with workers(1) as pool:
            pool.submit(first)
            for number in range(5):
                pool.submit(late.append, number)
            assert begun.wait(10)
            threading.Timer(0.05, release.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert late == []


def test_workers_compute_with_one_thread_each():
    from noether_sym.runtime.device import single_threaded

    before = torch.get_num_threads()
    with single_threaded(), workers(2) as pool:
        assert set(pool.map(lambda _: torch.get_num_threads(), range(4))) == {1}
    assert torch.get_num_threads() == before

"""The pixel pendulum with its controls, at 32 x 32: figures 3 and 6 of the paper, and the cost.

A seed has episodes, weights and batches of its own, and takes about 45 minutes of CPU. Its
networks lie in OUTPUT/neural/, in a folder named by their options and `TRAINING`; a training that
was stopped goes on after its last epoch. What is evaluated is kept under a digest of the sources:
after an edit of these the networks that are there are evaluated again, and not trained again.
"""

from __future__ import annotations

import hashlib
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks._measure import table
from benchmarks.kept import digest, held, keep, latest, of_earlier_sources, path_of

SEEDS = 5
"""Repetitions, each with episodes, weights and batches of its own."""

TRAINING = 1
"""To be raised by hand with any change after which the same options train other networks: to
pictures, networks, windows, losses or the optimiser. A digest of the sources would throw away 45
minutes a seed with every edit of a docstring."""
TITLE = "The pixel pendulum with controls"
CURVE_STEPS, CURVE_WINDOWS, CURVE_RATE = 60, 16, 1e-3
"""Inner steps of figure 6, test windows of a seed, rate of Adam; the paper's: 500 steps of 1e-4."""

_ROOMS = (
    *("neural/cngrad.py", "neural/embedding.py", "neural/video/checkpoint.py"),
    *(f"neural/video/{name}.py" for name in ("experiment", "fitting", "metrics", "noether")),
    *(f"neural/video/{name}.py" for name in ("evaluation", "pendulum", "svg", "windows")),
)
_REPEATS = 3
"""Passes whose median time is the cost."""

_COST_WINDOWS = 8
"""Windows in the batch whose cost is measured, as many as in one of the training."""

_QUICK = {"size": 8, "width": 2, "hidden": 4, "outputs": 4, "episodes": 1, "tests": 4,
          "horizon": 6, "stride": 50, "batch": 64, "warm_epochs": 1, "epochs": 1,
          "more_epochs": 1}  # fmt: skip
_LEVEL = 0.95
"""Of the interval of a mean difference over seeds; 'better' and 'worse' leave 0 out of it."""

_TEXT = """
Section 4.2 of the paper: {past} frames and {horizon} torques give the next {horizon} frames, at
{size} x {size}; {episodes} training episodes of 200 frames and {tests} for testing, of which one
window each is predicted. The pictures are those of `noether_sym.neural.video.pendulum`. *SVG*:
{warm_epochs} epochs on windows of {warm_horizon} frames to predict, then {epochs} on all {horizon}.
It is then frozen, and the embedding trained for {more_epochs} epochs through one inner step (place
{place}, rate {inner_rate:g}). Controls: *SVG, more epochs*, trained for the same further epochs;
*random embedding*, which stays as it was drawn; *inner rate 0*, which must be SVG. The inner rate
was set beforehand, so that a step on an embedding as it is drawn changes what a smaller SVG
predicts on training windows by some per cent of its error; nothing was chosen by test errors.
"""


def section(
    output: Path, part: tuple[int, int] | None, *, fresh: bool, quick: bool
) -> dict[str, str | None]:
    """The part of the page by its title, after computing what `part` asks for.

    Parameters
    ----------
    output : Path
    part : pair of int, optional
        k and n: every n-th seed from k; None computes nothing.
    fresh : bool
        Measure again what is kept; networks stay.
    quick : bool
        One tiny seed.
    """
    from noether_sym.runtime.device import single_threaded

    seeds = range(1 if quick else SEEDS)
    cache = output / "neural"
    cache.mkdir(parents=True, exist_ok=True)
    jobs: dict[str, Callable[[], dict[str, Any]]] = {
        f"pixels seed {seed}": lambda seed=seed: _seed(cache, seed, quick=quick) for seed in seeds
    }
    jobs["pixels cost"] = lambda: _cost(quick=quick)
    answers, older = {}, 0
    first, step = part or (1, 1)
    for number, (name, job) in enumerate(jobs.items()):
        file = path_of(cache, name, digest(_ROOMS, ("neural_pixels.py",)), quick=quick)
        mine = part is not None and number % step == first - 1
        if mine and (fresh or held(file) is None):
            print(f"{name} ...", file=sys.stderr, flush=True)
            with single_threaded():
                keep(file, job())
        answers[name], current = latest(file)
        older += answers[name] is not None and not current
    measured = sum(own is not None for own in answers.values())
    cost = answers.pop("pixels cost")
    found = {seed: own for seed, own in zip(seeds, answers.values(), strict=True) if own}
    progress = _progress(cache, seeds, found, quick=quick)
    if not measured and not any("begun" in line for line in progress):
        return {TITLE: None}
    text = "\n\n".join(
        [
            _TEXT.strip().format(**msgspec.structs.asdict(_options(0, quick=quick))),
            *progress,
            *(_predicted(found, output, quick=quick) if found else []),
            "### Degree of conservation",
            *(_driven(found) if found else ["Not run."]),
            "### CPU a frame",
            _costs(cost) if cost else "Not run.",
            *filter(None, [of_earlier_sources(older, measured)]),
        ]
    )
    return {TITLE: text}


def _options(seed: int, *, quick: bool) -> Any:
    from noether_sym.neural.video.experiment import Options

    return Options(seed=seed, **(_QUICK if quick else {}))


def _folder(cache: Path, seed: int, *, quick: bool) -> Path:
    decided = msgspec.json.encode((_options(seed, quick=quick), TRAINING))
    key = hashlib.sha256(decided).hexdigest()[:12]
    return cache / f"pixels-{'quick' if quick else 'seed'}{seed}-{key}"


def _seed(cache: Path, seed: int, *, quick: bool) -> dict[str, Any]:
    """Everything that is measured of a seed."""
    from noether_sym.neural.video import attention, evaluation
    from noether_sym.neural.video.experiment import Experiment

    own = Experiment(_folder(cache, seed, quick=quick), _options(seed, quick=quick))
    begin = time.process_time()
    with own.locked():
        own.train(_said)
        seconds = time.process_time() - begin
        found = evaluation.evaluate(own, _said)
        steps = 3 if quick else CURVE_STEPS
        curve = evaluation.curve(
            own, steps=steps, rate=CURVE_RATE, windows=CURVE_WINDOWS, progress=_said
        )
        _, g, _ = own.networks("noether")
        shares = attention.principal(g, own.testing).shares.tolist()
    return {
        "status": "done",
        "seconds": seconds,
        "evaluation": msgspec.to_builtins(found),
        "curve": msgspec.to_builtins(curve),
        "shares": shares,
        "losses": {name: facts.losses for name, facts in own.trained().items()},
    }


def _said(stage: str, done: int, total: int) -> None:
    """A line for each twentieth of a stage."""
    if done * 20 // total > (done - 1) * 20 // total:
        print(f"  {stage}: {done}/{total}", file=sys.stderr, flush=True)


def _progress(
    cache: Path, seeds: Sequence[int], found: dict[int, dict[str, Any]], *, quick: bool
) -> list[str]:
    """How much was run, and how far the trainings of the other seeds are."""
    from noether_sym.neural.video import checkpoint
    from noether_sym.neural.video.experiment import STAGES

    lines = [f"{len(found)} of {len(seeds)} seeds were run; the rest is not counted in anything."]
    for seed in seeds:
        folder = _folder(cache, seed, quick=quick)
        files = {name: folder / f"{name}.safetensors" for name in STAGES}
        held_files = {name: checkpoint.load(own) for name, own in files.items()}
        done = [f"{STAGES[name]} {own[1].epochs} epochs (loss {own[1].losses[-1]:.4g})"
                for name, own in held_files.items() if own and own[1].losses]  # fmt: skip
        if done and seed not in found:
            lines.append(f"Seed {seed}, begun: {'; '.join(done)}.")
    return lines


def _predicted(found: dict[int, dict[str, Any]], output: Path, *, quick: bool) -> list[str]:
    """Figure 3: measures by horizon, and paired differences."""
    from noether_sym.neural.video.compare import compare
    from noether_sym.neural.video.evaluation import Evaluation
    from noether_sym.report.style import save_figure
    from noether_sym.report.video import LABELS, by_horizon, comparison_table

    evaluations = [msgspec.convert(own["evaluation"], Evaluation) for own in found.values()]
    compared = compare([_options(seed, quick=quick) for seed in found], evaluations)
    save_figure(by_horizon(compared.means, ("mse", "ssim")), output / "figures" / "neural_pixels")
    parts = [
        "\n".join(_verdicts(evaluations)),
        "![Errors of predicted frames by horizon](figures/neural_pixels.png)",
    ]
    for measure, label in LABELS.items():
        header, rows = comparison_table(compared, measure)
        parts += [f"{label[0].upper()}{label[1:]}:", table(header, rows)]
    if compared.diverged:
        parts.append("Trainings whose loss stopped being finite: " + ", ".join(compared.diverged))
    shares = [own["shares"] for own in found.values()]
    first, four = ([100 * sum(own[:count]) for own in shares] for count in (1, 4))
    parts.append(
        "Of the variance of the embedding on true test frames the first principal component holds "
        f"{statistics.mean(first):.3g} %, the first four {statistics.mean(four):.4g} % (means over "
        "seeds; the paper, on other videos: 83.6 and 99.9 %)."
    )
    return parts


def _verdicts(evaluations: Sequence[Any]) -> list[str]:
    """Paired differences with their intervals, in words."""
    from scipy.stats import t

    lines = []
    for against, label in (("svg", "SVG"), ("more", "SVG with more epochs")):
        for place, what in ((None, "all frames"), (0, "the first frame"), (-1, "the last frame")):
            pairs = [
                (own.measures["noether"]["mse"], own.measures[against]["mse"])
                for own in evaluations
            ]
            cut = [
                tuple(np.mean(one) if place is None else one[place] for one in pair)
                for pair in pairs
            ]
            less = np.array([one - other for one, other in cut])
            share = 100 * less.mean() / np.mean([other for _, other in cut])
            text = (
                f"- Noether Network less {label}, MSE of {what}: {less.mean():.3g} ({share:+.2f} %)"
            )
            if len(less) > 1:
                error = less.std(ddof=1) / np.sqrt(len(less))
                width = t.ppf((1 + _LEVEL) / 2, len(less) - 1) * error
                sure = "no difference is shown"
                if abs(less.mean()) > width:
                    sure = "better" if less.mean() < 0 else "worse"
                text += (
                    f", standard error {error:.2g}, 95 % interval {less.mean() - width:.3g} to "
                    f"{less.mean() + width:.3g} over {len(less)} seeds: {sure}"
                )
            else:
                text += "; one seed, so that nothing can be said of its error"
            lines.append(text + ".")
    return lines


def _driven(found: dict[int, dict[str, Any]]) -> list[str]:
    """Figure 6: how the error changes as inner steps are taken."""
    rows = []
    for seed, own in found.items():
        losses, errors = own["curve"]["noether_loss"], own["curve"]["mse"]
        best = int(np.argmin(errors))
        rows.append(
            [f"{seed}", f"{losses[0]:.4g}", f"{losses[-1]:.4g}", f"{errors[0]:.4e}",
             f"{errors[best]:.4e}", f"{best}", f"{errors[-1]:.4e}"]
        )  # fmt: skip
    header = ["seed", "Noether loss before", "after", "MSE before", "least", "at step", "after"]
    text = (
        f"{CURVE_STEPS} inner steps of Adam ({CURVE_RATE:g}) on {CURVE_WINDOWS} test windows of "
        "each seed. The least error is chosen on the same windows, so that it is somewhat too good."
    )
    return [text, table(header, rows)]


def _cost(*, quick: bool) -> dict[str, Any]:
    """CPU seconds a frame, forward and backward, on one thread."""
    import torch

    from noether_sym.neural.video import noether
    from noether_sym.neural.video.noether import Inner
    from noether_sym.neural.video.svg import Sizes, svg

    rows = {}
    for size in (8,) if quick else (32, 64):
        sizes = Sizes(size=size)
        f, g = svg(sizes, seed=0), noether.embedding(sizes, seed=0)
        past = torch.rand(_COST_WINDOWS, 4, 1, size, size)
        actions = torch.zeros(_COST_WINDOWS, 10, 1)
        ways: dict[str, Callable[[], Any]] = {
            "plain": lambda f=f, past=past, actions=actions: f(past, actions),
            "algorithm 1": lambda f=f, g=g, past=past, actions=actions: noether.predict(
                f, g, past, actions, Inner()
            ),
        }
        frames = _COST_WINDOWS * (past.shape[1] + actions.shape[1])
        own = {"weights": sum(weight.numel() for weight in f.parameters())}
        for name, way in ways.items():
            seconds = []
            for _ in range(_REPEATS):
                begin = time.process_time()
                way().square().mean().backward()
                seconds.append((time.process_time() - begin) / frames)
            own[name] = statistics.median(seconds)
        rows[f"{size} x {size}"] = own
    return {"status": "done", "rows": rows}


def _costs(answer: dict[str, Any]) -> str:
    known = {"32 x 32": (0.0027, 0.011), "64 x 64": (0.0087, 0.043)}
    rows = [
        [name, f"{own['weights'] / 1e6:.2g} M", f"{own['plain']:.2g}", f"{own['algorithm 1']:.2g}",
         *(f"{value:g}" if value else "" for value in known.get(name, (0.0, 0.0)))]
        for name, own in answer["rows"].items()
    ]  # fmt: skip
    header = ["frames", "weights", "plain", "algorithm 1", "prototype: plain", "algorithm 1"]
    text = "Seconds of CPU a frame, forward and backward, one thread; beside a prototype's."
    return f"{text}\n\n{table(header, rows)}"

"""What the choice runs, and at which size: the settings of its stages, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from noether_sym.tailor.meter import meta_cost, roll_out_cost
from noether_sym.tailor.options import TailorOptions
from noether_sym.tailor.trials import TRAIN, VALIDATION, Setting

SCREENED_SEQUENCES, SCREENED_SAMPLES = 8, 30
"""How many training sequences the screening rolls out, and how far: it only gives places."""

RACE_SEQUENCES, RACE_STEPS = 4, 40
"""The same before a race, in Runge-Kutta steps."""

_COARSE = 2
"""What is no law takes every second rate, up to the final."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The stages of the choice.

    Attributes
    ----------
    options : TailorOptions
    screen : Setting
    heats : Setting or None
        None where there is no race.
    final : Setting
    """

    options: TailorOptions
    screen: Setting
    heats: Setting | None
    final: Setting

    @classmethod
    def of(cls, setting: Setting, options: TailorOptions) -> Course:
        """From a setting with all parts, within the limits if there are any."""
        own = options.limits
        if own is None:
            part = setting.parts[TRAIN].smaller(SCREENED_SEQUENCES, SCREENED_SAMPLES)
            return cls(options, replace(setting, parts={TRAIN: part}), None, setting)
        final = setting.only(VALIDATION)
        return cls(
            options,
            setting.only(TRAIN).within(own.states, RACE_SEQUENCES, RACE_STEPS),
            final.within(own.heat_states, own.sequences, own.heat_steps),
            final,
        )

    def rates(self, *, law: bool) -> tuple[float, ...]:
        """Rates of the screening and of the heats; without a race, all rates of everything."""
        return self.options.rates if law or self.heats is None else self.options.rates[::_COARSE]

    def cost(self, laws: int, others: int, known: int) -> float:
        """Roughly what the choice costs one network, with so many candidates to screen."""
        own, top = self.options.limits, self.options.top
        every, few = len(self.rates(law=True)), len(self.rates(law=False))
        cost = (laws + others) * roll_out_cost(self.screen, few)
        laws = min(laws, top)
        others = min(others, top - laws)
        if own is None or self.heats is None:
            return cost + (laws + others + known) * meta_cost(self.final, every)
        heats = (laws + known) * meta_cost(self.heats, every)
        heats += others * meta_cost(self.heats, few)
        final = (min(laws, own.laws) + known) * meta_cost(self.final, own.rates)
        return cost + heats + final + min(others, own.controls) * meta_cost(self.final, 1)

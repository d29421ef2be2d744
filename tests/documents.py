"""Documents of a run for the tests of the store and of the report."""

from __future__ import annotations

import msgspec

from noether_sym.store.options import DataOptions
from noether_sym.store.schema import (
    ColumnEntry,
    DatasetEntry,
    FitStage,
    Identity,
    RunDocument,
    SearchEntry,
    Sizes,
    Stages,
)

DATASET = DatasetEntry(
    name="own",
    source="A & B <2020>",
    columns=(ColumnEntry("q", "rad", "deg"), ColumnEntry("p", "rad/s", "rad/s")),
    time_unit="s",
    trajectories=Sizes(4, 3),
    samples=Sizes(80, 60),
    derivative="exact",
    notes=("angles were degrees",),
)


def run_document(name="run", **identity):
    """A run that is begun; `identity` changes what decides its laws."""
    own = Identity("ab" * 32, "both", 2, ("add", "square"), 7, 600, 100.0, 0.01, 20, 3, "0.1.0")
    own = msgspec.structs.replace(own, **identity)
    return RunDocument(
        format=1,
        name=name,
        identity=own,
        data=DataOptions(dataset="my data.csv", units={"q": "rad"}, seed=3),
        search=SearchEntry("both", "paper", 7, 600, 100.0, 0.01, 20, 20.0, True),
        dataset=DATASET,
        raw_counts=(3, 4),
        stages=Stages(),
    )


FITTED = FitStage(1.5, None)

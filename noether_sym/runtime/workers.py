"""Who computes chunks: threads here, processes here, or a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

from noether_sym.errors import DeviceError, install

_ANSWER = 10.0
"""Seconds that a Dask scheduler has to answer."""

BACKENDS = ("threading", "loky", "dask")

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Workers:
    """Workers for independent tasks, by one of joblib's own backends.

    Attributes
    ----------
    jobs : int
        Threads or processes; a Dask cluster has its own number.
    backend : str
        ``threading``: numpy and torch release the interpreter while they compute.
        ``loky``: processes. ``dask``: the cluster of `scheduler`.
    scheduler : str, optional
        Address of a Dask scheduler, as in ``tcp://host:8786``.
    """

    jobs: int = 1
    backend: str = "threading"
    scheduler: str | None = None

    def map(
        self,
        function: Callable[..., _Result],
        tasks: Sequence[tuple[Any, ...]],
        shared: object = None,
    ) -> Iterator[_Result]:
        """Results of ``function(*task)``, in the order of the tasks, as they come.

        Parameters
        ----------
        function : callable
            Of a module, as are those that travel to another process.
        tasks : sequence of tuple
        shared : object, optional
            An argument of every task, sent to a cluster once.

        Raises
        ------
        DeviceError
            If Dask is not installed or its scheduler does not answer.
        """
        if self.backend == "threading" and self.jobs == 1:
            yield from (function(*task) for task in tasks)
            return
        from joblib import Parallel, delayed, parallel_config

        call = function if self.backend == "threading" else _Alone(function)
        options: dict[str, Any] = {"scatter": [shared]} if self.backend == "dask" else {}
        jobs = -1 if self.backend == "dask" else self.jobs
        with self._cluster(), parallel_config(backend=self.backend, n_jobs=jobs, **options):
            yield from Parallel(return_as="generator")(delayed(call)(*task) for task in tasks)

    def _cluster(self) -> AbstractContextManager[Any]:
        if self.backend != "dask":
            return nullcontext()
        try:
            from distributed import Client
        except ImportError:
            raise DeviceError(f"--backend dask needs Dask: {install('dask')}") from None
        if self.scheduler is None:
            raise DeviceError(
                "--backend dask needs the address of a scheduler: --scheduler tcp://…"
            )
        try:
            return Client(self.scheduler, timeout=_ANSWER)
        except (OSError, ValueError) as error:
            raise DeviceError(
                f"no Dask scheduler answers at {self.scheduler!r}: {error}; start one with "
                "`dask scheduler`"
            ) from error


def worker_count(jobs: int | None) -> int:
    """Number of workers: as asked for, or one a core that this process may use."""
    if jobs:
        return jobs
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class _Alone:
    """A function in a process of its own: one thread, so that no answer depends on it."""

    function: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        import torch

        torch.set_num_threads(1)
        return self.function(*arguments)

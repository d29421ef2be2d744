"""Where to compute, and with how many threads a worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from noether_sym.errors import DeviceError
from noether_sym.spelling import spelt


def resolve_device(device: str) -> str:
    """Turn ``auto`` into ``cuda`` where there is one, else ``cpu``.

    Raises
    ------
    DeviceError
        If ``cuda`` is asked for where there is none.
    """
    if device == "cpu":
        return device
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        option = spelt("--device cpu", "device='cpu'")
        raise DeviceError(
            f"no CUDA device is available to torch here; use {option}, or auto to take a GPU only "
            "where there is one"
        )
    return "cpu"


@contextmanager
def single_threaded() -> Iterator[None]:
    """One thread an operation of torch and BLAS.

    Sums do not depend on the number of workers then, and small matrices do not wait for threads.
    """
    import torch
    from threadpoolctl import threadpool_limits

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, "blas"):
            yield
    finally:
        torch.set_num_threads(threads)

"""The command line: a thin shell over `noether_sym.pipeline`.

Each verb lives in a module of `noether_sym.commands`, loaded when it is called.
"""

from __future__ import annotations

import difflib
import importlib
import io
import os
import sys

import click

from noether_sym._version import computing
from noether_sym.commands import THREADS
from noether_sym.errors import (
    DatasetError,
    DeviceError,
    GrammarError,
    NoetherSymError,
    RunError,
    StorageError,
    UnitError,
)
from noether_sym.spelling import on_the_command_line

_VERBS = (
    "datasets",
    "inspect",
    "enumerate",
    "fit",
    "tailor",
    "run",
    "check",
    "bound",
    "embed",
    "video",
    "track",
    "export",
    "report",
    "runs",
    "compare",
    "bug-report",
)
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_BAD_INPUT = (DatasetError, DeviceError, GrammarError, RunError, UnitError)


class _Verbs(click.Group):
    """Loads the module of a verb when the verb is asked for, and answers errors in words."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        module = importlib.import_module(f"noether_sym.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0], _VERBS, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            if os.path.exists(args[0]):
                meant = f" It is a file: noether-sym run {args[0]}"
            raise click.UsageError(error.message + meant, ctx) from None

    def invoke(self, ctx: click.Context) -> object:
        try:
            with on_the_command_line():
                return super().invoke(ctx)
        except NoetherSymError as error:
            click.echo(f"Error: {error}", err=True)
            bad = isinstance(error, _BAD_INPUT) and not isinstance(error, StorageError)
            ctx.exit(2 if bad else 1)
        except (KeyboardInterrupt, click.Abort):
            click.echo(
                "Interrupted; run the same command again to continue where it stopped.", err=True
            )
            ctx.exit(1)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(1)
        except OSError as error:
            what = f"read or write {error.filename}" if error.filename else "write the output"
            reason = error.strerror or type(error).__name__
            click.echo(f"Error: cannot {what}: {reason}", err=True)
            ctx.exit(1)


def _show_versions(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    if not asked or context.resilient_parsing:
        return
    versions = computing()
    click.echo(f"noether-sym, version {versions.pop('noether-sym')}")
    click.echo(", ".join(f"{name} {version}" for name, version in versions.items()))
    context.exit()


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_versions,
    help="Show the version, and those of the libraries that compute.",
)
@click.pass_context
def main(context: click.Context) -> None:
    """Discover symbolic conservation laws from trajectory data.

    \b
    noether-sym run real_pendulum      enumerate, fit, tailor, report
    noether-sym run states.csv         the same on your own data
    """
    context.meta[THREADS] = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    # one thread a worker: the same sums in the same order, whatever the number of workers
    for variable in _THREAD_VARIABLES:
        os.environ.setdefault(variable, "1")
    for stream in (sys.stdout, sys.stderr):  # a θ on a terminal that has none is no error
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    main()

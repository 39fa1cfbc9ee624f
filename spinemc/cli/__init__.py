"""The command line: parse, call, print."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from spinemc.cli import commands, options
from spinemc.cli.commands import DONE, INPUT_FAULT, INTERRUPTED, PROGRAM_FAULT
from spinemc.errors import SpinemcError, printable


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        The command and its arguments; those of the process where it is not given.

    Returns
    -------
    int
        0 done; 2 the input is at fault; 1 the program is, or a check of it failed; 130 interrupted.
    """
    arguments = options.parser().parse_args(argv)
    arguments.warned = []
    with warnings.catch_warnings():
        warnings.showwarning = _warner(arguments.warned)  # type: ignore[assignment]
        try:
            status = arguments.command(arguments)
        except SpinemcError as error:
            print(printable(str(error)), file=sys.stderr)
            return INPUT_FAULT
        except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
            print(printable(f"{error.filename}: {error.strerror}."), file=sys.stderr)
            return INPUT_FAULT
        except MemoryError as error:
            print(f"this takes more memory than there is{f': {error}' if str(error) else ''}.", file=sys.stderr)
            return INPUT_FAULT
        except BrokenPipeError:  # whoever read the output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return DONE
        except KeyboardInterrupt:
            print(_interrupted(arguments), file=sys.stderr)
            return INTERRUPTED
        except Exception as error:
            traceback.print_exc()
            print(f"spinemc failed: {type(error).__name__}. This is a fault of the program.", file=sys.stderr)
            return PROGRAM_FAULT
    return DONE if status is None else status


def _interrupted(given: Any) -> str:
    store = None
    if given.command is commands.resume:
        store = given.store
    elif given.command in (commands.run, commands.sweep):
        store = commands.store_of(given)
    if store is None:
        return "interrupted."
    from spinemc.remodelling import is_course
    from spinemc.store import place

    if not is_course(store) and not place(store).is_taken:
        return "interrupted."
    return f"interrupted: `spinemc resume {store}` goes on from here."


def _warner(said: list[str]) -> Callable[..., None]:
    """What shows a warning, and keeps it for the summary."""

    def warn(message: Warning | str, *_: Any, **__: Any) -> None:
        said.append(printable(f"warning: {message}"))
        print(said[-1], file=sys.stderr)

    return warn

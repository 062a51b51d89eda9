"""The command line: words in, text and an exit status out. A command a file.

Only this package, and `delivery` for it, write to the standard streams. A mistake of the user's is one line on standard
error and exit status 2; whatever else goes wrong is a bug in gradcheck, exit status 101.
"""

import os
import sys
import traceback
from typing import NoReturn

from gradcheck import __version__
from gradcheck.cli import completion, explain, hook, init, report, rules, scan, watch  # noqa: F401  (but one)
from gradcheck.cli.app import app
from gradcheck.delivery import Closed, Interrupted, Terminated, complain, say
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck, one_line
from gradcheck.vocabulary import BUG, CLOSED, COULD_NOT_CHECK, INTERRUPTED, TERMINATED


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status."""
    completion.joined(os.environ)
    try:
        status = app(args=arguments, prog_name="gradcheck", standalone_mode=False)
    except CannotCheck as error:
        status = max(complain(error.code, message) for message in error.messages)
    except (KeyboardInterrupt, Interrupted):
        say("gradcheck: interrupted", sys.stderr)
        status = INTERRUPTED
    except Terminated:
        say("gradcheck: terminated", sys.stderr)
        status = TERMINATED
    except Closed:
        status = CLOSED
    except Exception as error:
        status = usage_error(error) if hasattr(error, "format_message") else bug(error)
    raise SystemExit(status or 0)


def usage_error(error: Exception) -> int:
    """A mistake that the option parser found, as one line."""
    if type(error).__name__ == "NoArgsIsHelpError":  # the help was shown
        return COULD_NOT_CHECK
    said = one_line(error.format_message())  # type: ignore[attr-defined]
    command = getattr(getattr(error, "ctx", None), "command_path", "gradcheck")
    advice = f"see {command} --help"
    return complain(BAD_CONFIGURATION, f"{said.rstrip('.')}; {advice}" if said else advice)


def bug(error: Exception) -> int:
    """Whatever should not have happened, with its traceback: it is ours."""
    for line in "".join(traceback.format_exception(error)).splitlines():
        say(line, sys.stderr)
    say(f"gradcheck: a bug in gradcheck {__version__}: {one_line(repr(error))}; please report it", sys.stderr)
    return BUG

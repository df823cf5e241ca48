"""What comes of a region: simulate a scenario, write its run folder, show what it says.

    python -m experiments.run region=kinzigtal seeds=20 programmes=[healthy_weight]

Everything behind the module's name is an override in Hydra's grammar; -m sweeps over lists, as
experiments.sweep says.
Exit codes: 0 done or shown, 1 some runs of a sweep failed, 2 refused, 130 interrupted.
"""

import functools
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

INTERRUPTED = 130
MESSAGE = "\nInterrupted; nothing of this run was written.\n"
OF_SWEEP = "\nInterrupted; what was done stays, and the same command goes on with the rest.\n"
SWEEP = ("-m", "--multirun")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(arguments: Sequence[str]) -> int:
    """Answer what was typed; whenever that is interrupted, end in words."""
    of_sweep = any(flag in arguments for flag in SWEEP)
    return guarded(arguments, _found, OF_SWEEP if of_sweep else MESSAGE)


def guarded(
    arguments: Sequence[str], find: Callable[[], Callable[[Sequence[str]], int]], said: str
) -> int:
    """Find what answers, and let it; what is said where it is interrupted."""
    before = _on_signal(functools.partial(_leave, said))
    try:
        answer = find()  # takes seconds, and may be interrupted, too
        _on_signal(_interrupt)
        status = answer(arguments)
    except BaseException as error:
        # Compiled code may be interrupted too, and then says so by an error of its own.
        if not isinstance(error, KeyboardInterrupt) and not _interrupted():
            raise
        sys.stderr.write(said)
        return INTERRUPTED
    for number, handler in before.items():
        signal.signal(number, handler)
    return status


def _found() -> Callable[[Sequence[str]], int]:
    from experiments.command import answer

    return answer


def _on_signal(handler: Any) -> dict[signal.Signals, Any]:
    """Let both ways to interrupt call the handler; return what was called before."""
    return {number: signal.signal(number, handler) for number in SIGNALS}


def _leave(said: str, *_: Any) -> None:
    """End at once: nothing has begun yet."""
    os.write(2, said.encode())
    os._exit(INTERRUPTED)


def _interrupt(*_: Any) -> None:
    """Stop what runs, once; while it is cleared away, no second signal disturbs."""
    _on_signal(signal.SIG_IGN)
    raise KeyboardInterrupt


def _interrupted() -> bool:
    """Whether a signal has come: no further one is heard since."""
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

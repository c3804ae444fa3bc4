"""Asks the kernel to send a signal when the parent dies, however it dies. Linux only; elsewhere it does nothing.

Elsewhere the launcher notices by looking at its parent's number, and the next start ends what a killed launcher left
(``lms.run.lock``).
"""

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


def die_with_parent(signum: signal.Signals) -> None:
    """Holds across ``exec``. Safe between fork and exec: nothing is looked up or allocated that was not before."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)

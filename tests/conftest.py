"""What every test needs of the process that it runs in."""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without job control starts `make test &` with Ctrl+C ignored, and every child would inherit that:
    # what is tested by interrupting it would never hear of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

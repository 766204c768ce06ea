"""The zygote: a process that has imported what a script imports, and forks a trial each time.

Run as a script of its own, `zygote_process.py SOCKET`, under the interpreter and options of a
trial. `synecore_local.warm.serving` says what is spoken on the socket.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    loaded = {name.partition(".")[0] for name in sys.modules}  # what an interpreter begins with

    import os
    import socket

    parent = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.path.insert(0, parent)
    from synecore_local.warm.messages import Channel
    from synecore_local.warm.serving import main

    sys.path.remove(parent)
    main(Channel(socket.socket(fileno=int(sys.argv.pop()))), loaded)

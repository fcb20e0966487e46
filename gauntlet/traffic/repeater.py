"""Makes one connection for each line it reads, and closes it: `python -P -m gauntlet.traffic.repeater ADDRESS PORT S`.

Its first line of output says that it is ready. Then comes a line of JSON for each connection: `result` (ok, timeout or
the name of an errno), `latency_ns` and `error`. A connection may take S seconds, and comes from a port that no traffic
has used (gauntlet/traffic/connector.py). It ends with its input. It runs in the network of a host, with the standard
library alone.
"""

import errno
import json
import sys
import time

from gauntlet.traffic import connector

READY = "ready\n"


def _attempt(address: str, port: int, timeout_s: float) -> dict[str, str | int]:
    began_ns = time.monotonic_ns()
    result, error = "ok", ""
    try:
        connector.connect(address, port, timeout_s)
    except TimeoutError:
        result, error = "timeout", f"no answer within {timeout_s:g} s"
    except OSError as problem:
        result, error = errno.errorcode[problem.errno or errno.EIO], problem.strerror or str(problem)
    return {"result": result, "latency_ns": time.monotonic_ns() - began_ns, "error": error}


def main() -> None:
    address, port, timeout_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    sys.stdout.write(READY)
    sys.stdout.flush()
    for _ in sys.stdin:
        sys.stdout.write(json.dumps(_attempt(address, port, timeout_s)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""A tag as a process of its own, held to a reader over nfcpy's UDP driver for a few seconds.

`python -m integrations.nfc.tag --port 54321 --uid 5f112233445566 --seconds 3`; prints `ready` once a reader
can see it, ends by itself, and exits with 1 when another tag lies there already.
"""

from __future__ import annotations

import argparse
import sys
import time

import nfc
import nfc.clf

from integrations.nfc.loopback import HOST, confine

#: SENS_RES for UIDs of one, two and three cascade levels.
_SENS = {4: "0400", 7: "4400", 10: "8400"}


def present(port: int, uid: bytes, seconds: float) -> bool:
    """Answer readers for `seconds`; False when the place is taken."""
    listening = False

    def told() -> None:
        nonlocal listening
        if not listening:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
        listening = True

    confine(told)
    target = nfc.clf.LocalTarget(
        "106A", sens_res=bytearray.fromhex(_SENS[len(uid)]), sdd_res=bytearray(uid),
        sel_res=bytearray.fromhex("00"),
    )
    end = time.monotonic() + seconds
    with nfc.ContactlessFrontend(f"udp:{HOST}:{port}") as frontend:
        # `listen` returns when a reader sends a command after the selection: a bare UID has no answer.
        while (left := end - time.monotonic()) > 0:
            frontend.listen(target, timeout=left)
            if not listening:
                return False
    return True


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--uid", type=bytes.fromhex, required=True, help="4, 7 or 10 bytes in hex")
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    if len(options.uid) not in _SENS:
        parser.error("a UID has 4, 7 or 10 bytes")
    return 0 if present(options.port, options.uid, options.seconds) else 1


if __name__ == "__main__":
    raise SystemExit(main())

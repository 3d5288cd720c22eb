#!/usr/bin/env python3
"""Keep the transport waiting, as a program does that has to load things.

Needs nothing but the jack module.  Run it, then start the transport, or move
it while it rolls::

    python3 slow_sync.py [-d SECONDS] [clientname]
"""

import argparse
import contextlib
import queue
import sys
import time

import jack


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clientname', nargs='?', default='slow_sync')
    text = 'time it takes to get ready (default: %(default)s)'
    parser.add_argument('-d', '--delay', type=float, default=1, help=text)
    return parser.parse_args()


def main():
    args = parse_args()
    try:
        client = jack.Client(args.clientname)
    except jack.JackOpenError as e:
        sys.exit(str(e))
    messages = queue.SimpleQueue()  # to be printed; None ends it
    target = None  # the frame asked for last
    deadline = None  # when we can play from there; None: now

    @client.set_sync_callback
    def sync(state, pos):
        # With a request to play from another position, JACK calls this in
        # each cycle until it returns True.  It asks, it does not wait.
        nonlocal target, deadline
        now = time.monotonic()
        if pos.frame != target:
            target, deadline = pos.frame, now + args.delay
            messages.put(f'getting ready for frame {target}')
        elif deadline is not None and now >= deadline:
            deadline = None
            messages.put(f'ready for frame {target}')
        return deadline is None

    client.set_shutdown_callback(lambda status, reason: messages.put(None))
    # If it takes longer than this, JACK rolls without us.  It is one setting
    # for all clients; each server begins with another one.
    client.set_sync_timeout(round((args.delay + 2) * 1e6))

    with contextlib.suppress(KeyboardInterrupt), client:
        print(f'{client.name} is running, Ctrl+C ends it', flush=True)
        for message in iter(messages.get, None):
            print(message, flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())

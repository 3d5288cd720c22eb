"""Threads use all members at once while the client ends and begins anew.

    python -m tests.robust.crowd SECONDS

Or while the server with a process identifier is killed or frozen::

    python -m tests.robust.crowd SECONDS SIGKILL|SIGSTOP PID
"""

import contextlib
import os
import random
import signal
import sys
import threading
import time

import jack
from tests.robust.members import FOREIGN_WORDS, World, ignore, uses

#: What ends the client, which one thread alone does; and what is not for the
#: client alone: an answer to what the server did not ask, a question to all
#: who have a session callback (and must answer), and clients inside of it.
SKIPPED = (
    'close',
    '__exit__',
    'session_reply',
    'session_notify',
    'load_internal_client',
)

#: What a member may say when others have been there.
ACCEPTED = (
    jack.JackError,
    IndexError,
    NotImplementedError,
    TypeError,
    ValueError,
)


class Member(threading.Thread):
    """Uses one thing after the other, in an order of its own."""

    def __init__(self, world, seed, end):
        super().__init__(daemon=True)
        self.world = world
        self.chance = random.Random(seed)
        self.end = end
        self.calls = 0
        self.slowest = 0, 'nothing'
        self.problems = []

    def run(self):
        while time.monotonic() < self.end:
            for what, function in self.choose():
                begin = time.monotonic()
                try:
                    function()
                except ACCEPTED as error:
                    if FOREIGN_WORDS.search(str(error)):
                        self.problems.append(f'{what}: {error!r}')
                except BaseException as error:
                    self.problems.append(f'{what}: {error!r}')
                self.calls += 1
                took = time.monotonic() - begin, what
                self.slowest = max(self.slowest, took)

    def choose(self):
        world = self.world
        target = self.chance.choice(
            [
                *[world.client] * 3,
                *world.lists.values(),
                *world.ports(),
                world.ring,
            ]
        )
        try:
            found = list(uses(target, world, SKIPPED))
        except jack.JackError:
            return []   # It has ended: not even a callback could be set.
        return [
            (f'{type(target).__name__}.{what}', function)
            for what, _, function in self.chance.choices(found, k=5)
        ]


def renew(world):
    """Close the client, and open it again."""
    world.client.close()
    world.open()
    # Others may have activated it, or have set another callback.
    with contextlib.suppress(jack.JackError):
        world.client.set_process_callback(ignore)
    world.client.activate()


def disturb(name, pid):
    """Kill the server, or stop it for two seconds."""
    os.kill(pid, signal.Signals[name])
    if name == 'SIGSTOP':
        time.sleep(2)
        os.kill(pid, signal.SIGCONT)


def main(seconds, name=None, pid=0):
    world = World()
    end = time.monotonic() + seconds
    crowd = [Member(world, seed, end) for seed in range(6)]
    for member in crowd:
        member.start()
    rounds = 0
    if name is not None:
        renew(world)
        time.sleep(seconds / 2)
        disturb(name, int(pid))
    while name is None and time.monotonic() < end:
        time.sleep(0.2)
        renew(world)
        rounds += 1
    for member in crowd:
        member.join(20)
        assert not member.is_alive(), 'a thread hangs'
    problems = [p for member in crowd for p in member.problems]
    assert not problems, problems[:3]
    slowest = max(member.slowest for member in crowd)
    assert slowest[0] < 5, slowest
    world.client.close()
    if name == 'SIGKILL':
        return
    # The client can be used as ever.
    world.open()
    world.activate()
    assert world.in_cycle(lambda: len(world.own_out.get_buffer())) > 0
    world.close()
    calls = sum(member.calls for member in crowd)
    print(
        f'{calls} calls of 6 threads, {rounds} clients, the slowest '
        f'{slowest[0]:.2f} s ({slowest[1]})'
    )


if __name__ == '__main__':
    jack.set_error_function(ignore)
    jack.set_info_function(ignore)
    main(float(sys.argv[1]), *sys.argv[2:])

"""A ring buffer touches no memory but its own, and loses nothing."""

import hashlib
import random
import threading

import jack

MEGABYTES = 100


def test_a_ring_stays_within_its_memory(run_module):
    child = run_module('rings', 100, timeout=60)
    assert child.stderr == ''


CROWD = """
import random
import sys
import threading
import time

import jack

SIZES = 10, 300, 5000, 70000, 200000
ring = jack.RingBuffer(1 << 18)
end = time.monotonic() + float(sys.argv[1])


def touch(buffers):
    for buffer in buffers:
        for place in (0, len(buffer) - 1) if buffer else ():
            buffer[place:place + 1] = b'x'


def misuse(seed):
    chance = random.Random(seed)
    data = [bytes(size) for size in SIZES]
    kinds = [
        lambda: ring.write(chance.choice(data)),
        lambda: ring.read(chance.choice(SIZES)),
        lambda: ring.peek(chance.choice(SIZES)),
        lambda: touch(ring.write_buffers),
        lambda: ring.write_advance(ring.write_space),
        lambda: b''.join(ring.read_buffers),
        lambda: ring.read_advance(ring.read_space),
        lambda: ring.reset(chance.choice([None, 64, 1 << 18])),
    ]
    while time.monotonic() < end:
        try:
            chance.choice(kinds)()
        except ValueError:
            pass    # Another one has taken it, or the space for it.
    print('done', flush=True)


threads = [threading.Thread(target=misuse, args=[n]) for n in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_a_crowd_that_misuses_a_ring_does_not_damage_memory(run_python):
    child = run_python(CROWD, 2)
    assert child.stdout == 8 * 'done\n'
    assert child.stderr == ''


def test_a_hundred_megabytes_pass_intact_between_threads():
    piece = random.Random(4).randbytes(64 * 1024 + 7)
    ring = jack.RingBuffer(1 << 20)
    total = MEGABYTES * 1_000_000
    digests = {}
    writable, readable = threading.Event(), threading.Event()

    def write():
        digest = hashlib.blake2b()
        left = total
        while left:
            chunk = piece[:left]
            digest.update(chunk)
            left -= len(chunk)
            while chunk:
                writable.clear()
                written = ring.write(chunk)
                readable.set()
                chunk = chunk[written:]
                if chunk:
                    assert writable.wait(10)
        digests['written'] = digest.hexdigest()

    def read():
        digest = hashlib.blake2b()
        left = total
        while left:
            readable.clear()
            data = ring.read(100_003)
            writable.set()
            digest.update(data)
            left -= len(data)
            if left and not len(data):
                assert readable.wait(10)
        digests['read'] = digest.hexdigest()

    threads = [
        threading.Thread(target=function, daemon=True)
        for function in (write, read)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert ring.read_space == 0
    assert digests['written'] == digests['read']

"""A ring buffer touches no memory but its own, and loses nothing."""

import hashlib
import random
import threading

import jack

MEGABYTES = 100


def test_a_ring_stays_within_its_memory(run_module):
    child = run_module('rings', 100, timeout=60)
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

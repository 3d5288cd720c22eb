"""A ring buffer between guard pages, against a model; run as a child.

    python -m tests.robust.rings [EXAMPLES]
"""

import ctypes
import mmap
import sys

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import jack

PAGE = mmap.PAGESIZE
PROT_NONE = 0
CANARY = 0xA5

libc = ctypes.CDLL(None, use_errno=True)


class Guarded:
    """Three pages, of which only the one in the middle can be touched.

    What is to be guarded lies at its beginning or at its end; the rest of the
    page is full of canaries.
    """

    def __init__(self, size, at_end):
        self.memory = mmap.mmap(-1, 3 * PAGE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        for page in (0, 2):
            if libc.mprotect(
                ctypes.c_void_p(start + page * PAGE), PAGE, PROT_NONE
            ):
                raise OSError(ctypes.get_errno(), 'mprotect')
        self.size = size
        self.offset = PAGE + (PAGE - size if at_end else 0)
        self.address = start + self.offset
        self.memory[PAGE : 2 * PAGE] = bytes([CANARY]) * PAGE

    def intact(self):
        before = self.memory[PAGE : self.offset]
        after = self.memory[self.offset + self.size : 2 * PAGE]
        return set(before + after) <= {CANARY}


COUNTS = st.one_of(
    st.integers(0, 70),
    st.sampled_from([-1, 127, 128, 2**31, 2**32, 2**32 + 1, 2**63, 2**64]),
)


class Rings(RuleBasedStateMachine):
    """All that can be done with a ring, with a bytearray as its model."""

    @initialize(size=st.integers(0, 128), at_end=st.booleans())
    def create(self, size, at_end):
        self.ring = jack.RingBuffer(size)
        self.allocated = self.ring.size
        self.guard = Guarded(self.allocated, at_end)
        # The C library is to free what it has allocated.
        self.own = self.ring._ptr.buf
        self.ring._ptr.buf = jack._ffi.cast('char *', self.guard.address)
        self.model = bytearray()
        self.views = []

    def teardown(self):
        if hasattr(self, 'ring'):
            self.ring._ptr.buf = self.own

    def space(self):
        return self.ring.size - 1 - len(self.model)

    @rule(data=st.binary(max_size=140))
    def write(self, data):
        room = self.space()
        assert self.ring.write(data) == min(len(data), room)
        self.model += data[:room]

    @rule(data=st.lists(st.integers(-2, 258), max_size=8))
    def write_numbers(self, data):
        try:
            expected = bytes(data)
        except ValueError:
            expected = b''
            try:
                self.ring.write(data)
            except ValueError as error:
                assert 'data' in str(error)
            else:
                raise AssertionError('not refused')
        else:
            expected = expected[: self.space()]
            assert self.ring.write(data) == len(expected)
        self.model += expected

    @rule(count=COUNTS)
    def read(self, count):
        try:
            data = bytes(self.ring.read(count))
        except ValueError as error:
            assert count < 0
            assert 'size' in str(error)
        else:
            assert data == bytes(self.model[:count])
            del self.model[:count]

    @rule(count=COUNTS)
    def peek(self, count):
        try:
            data = bytes(self.ring.peek(count))
        except ValueError as error:
            assert count < 0
            assert 'size' in str(error)
        else:
            assert data == bytes(self.model[:count])

    @rule(count=COUNTS)
    def read_advance(self, count):
        try:
            self.ring.read_advance(count)
        except ValueError as error:
            assert not 0 <= count <= len(self.model)
            assert 'size' in str(error)
        else:
            assert count >= 0
            del self.model[:count]

    @rule(count=COUNTS, byte=st.integers(0, 255))
    def fill_and_advance(self, count, byte):
        data = bytes([byte]) * max(0, min(count, self.space()))
        left = data
        for view in self.ring.write_buffers:
            part = left[: len(view)]
            view[: len(part)] = part
            left = left[len(part) :]
        assert not left
        try:
            self.ring.write_advance(count)
        except ValueError as error:
            assert not 0 <= count <= self.space()
            assert 'size' in str(error)
        else:
            assert count == len(data)
            self.model += data

    @rule(size=st.one_of(st.none(), COUNTS))
    def reset(self, size):
        try:
            self.ring.reset(size)
        except ValueError as error:
            assert not 0 < size <= self.allocated
            assert 'size' in str(error)
        else:
            self.model.clear()
            if size is not None:
                assert size <= self.ring.size <= self.allocated

    @rule()
    def keep_views(self):
        self.views += [*self.ring.read_buffers, *self.ring.write_buffers]
        del self.views[:-8]

    @precondition(lambda self: self.views)
    @rule(data=st.data())
    def write_into_old_views(self, data):
        """Which may change what is in the ring, but nothing outside."""
        view = data.draw(st.sampled_from(self.views))
        view[:] = bytes(len(view))
        self.ring.reset()
        self.model.clear()

    @invariant()
    def nothing_else_is_touched(self):
        assert self.guard.intact()

    @invariant()
    def spaces_agree(self):
        assert self.ring.read_space == len(self.model)
        assert self.ring.write_space == self.space()
        shown = b''.join(bytes(view) for view in self.ring.read_buffers)
        assert shown == bytes(self.model)
        room = sum(len(view) for view in self.ring.write_buffers)
        assert room == self.space()


if __name__ == '__main__':
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    run_state_machine_as_test(
        Rings,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            database=None,
            derandomize=True,
        ),
    )

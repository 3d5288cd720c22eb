"""Ends clients within one kind of callback; run as a child process.

    python -m tests.robust.inside KIND ATTEMPTS...

Prints the name of each thing that was tried and survived.
"""

import contextlib
import gc
import sys
import threading
import weakref

import jack
from tests.notifications import Other, wait_until
from tests.robust.failing import CALLED_EARLY, install, trigger
from tests.robust.members import ignore

SUBJECT = 'subject'


class Scene:
    """A client to be ended, one that is forgotten, and one to watch them."""

    def __init__(self, kind, other):
        self.kind = kind
        self.other = other
        self.results = []
        self.subjects = [jack.Client(SUBJECT, use_exact_name=True)]
        self.subjects[0].inports.register('in')
        self.garbage = []

    def leave_garbage(self):
        """Have an active client which only the collector can find."""
        forgotten = jack.Client('forgotten')
        forgotten.me = forgotten
        forgotten.inports.register('in')
        cycle = threading.Event()
        forgotten.set_process_callback(lambda frames: cycle.set())
        forgotten.activate()
        assert cycle.wait(5)
        self.garbage.append(weakref.ref(forgotten))

    def once(self, action):
        """Have *action* called by the subject's next callback only."""

        def callback(*args):
            if not self.results:
                self.results.append(None)
                try:
                    self.results[0] = action(self) or 'done'
                except BaseException as error:
                    self.results[0] = error
            if self.kind == 'session':
                # The session manager gets an answer then.
                raise jack.CallbackExit
            return True

        return callback

    def run(self, action):
        """Return what *action* has returned or raised in the callback."""
        (subject,) = self.subjects
        callback = self.once(action)
        install(self.kind, subject, callback)
        if self.kind not in ('process', 'thread'):
            subject.set_process_callback(ignore)
        if not self.results:
            subject.activate()
        del subject, callback
        trigger(self.kind, self.other)
        wait_until(lambda: self.results and self.results[0] is not None)
        return self.results[0]


def refused(action):
    """An action has to be an error, and the subject none the worse for it."""

    def test(scene):
        result = scene.run(action)
        (subject,) = scene.subjects
        if action is deactivate and scene.kind in CALLED_EARLY:
            assert result == 'done', result
            subject.close()
            return
        assert isinstance(result, jack.JackError), result
        assert 'callback' in str(result), result
        assert not subject.closed
        if scene.kind == 'thread':
            # Its function has returned.
            subject.close()
            return
        if not subject.active:
            subject.activate()
        (port,) = subject.inports
        subject.connect(scene.other.source, port)
        wait_until(
            lambda: subject.get_all_connections(port)
            == [scene.other.source]
        )
        subject.close()

    return test


def close(scene):
    scene.subjects[0].close()


def deactivate(scene):
    scene.subjects[0].deactivate()


def leave(scene):
    scene.subjects[0].__exit__(None, None, None)


def open_another(scene):
    jack.Client('another').close()


def forget(scene):
    scene.subjects.clear()
    gc.collect()


def await_the_end(witness):
    """Wait until the subject has gone, and its name can be used again."""

    def is_gone():
        # The callback may have got a port, and may not have returned yet.
        gc.collect()
        # Its ports go first.
        return not witness.get_ports(f'^{SUBJECT}:') and all(
            core.name != SUBJECT for core in jack._cores()
        )

    wait_until(is_gone)


def forgotten(scene):
    """There is no reference left but the one of the callback that runs."""
    assert scene.run(forget) == 'done'
    await_the_end(scene.other.client)


def collected(scene):
    """The collector finds another client, on a thread of JACK's."""
    gc.disable()
    scene.leave_garbage()

    def collect(scene):
        gc.collect()
        assert scene.garbage[0]() is None

    assert scene.run(collect) == 'done'
    gc.enable()
    wait_until(lambda: not scene.other.client.get_ports('^forgotten:'))
    (subject,) = scene.subjects
    assert subject.active or scene.kind in ('thread', *CALLED_EARLY)
    subject.close()


TESTS = {
    'close': refused(close),
    'deactivate': refused(deactivate),
    'leave': refused(leave),
    'open': refused(open_another),
    'forget': forgotten,
    'collect': collected,
}


def shutdown(name):
    """The same while the server's end is told."""
    scene = Scene('shutdown', None)
    if name == 'collect':
        scene.leave_garbage()
    action = {'close': close, 'open': open_another, 'forget': forget,
              'collect': lambda scene: gc.collect() and None}[name]
    gc.disable()
    (subject,) = scene.subjects
    subject.set_shutdown_callback(scene.once(action))
    subject.activate()
    del subject
    print('up', flush=True)
    sys.stdin.readline()
    wait_until(lambda: scene.results and scene.results[0] is not None)
    result = scene.results[0]
    if name in ('close', 'open'):
        assert isinstance(result, jack.JackError), result
        scene.subjects[0].close()
        assert scene.subjects[0].closed
    else:
        assert result == 'done', result
        assert not [ref() for ref in scene.garbage if ref() is not None]
    print('done', flush=True)


def message(kind, name, action):
    """The same when libjack has something to say."""
    scene = Scene(kind, None)
    (subject,) = scene.subjects
    cycle = threading.Event()
    subject.set_process_callback(lambda frames: cycle.set())
    subject.activate()
    assert cycle.wait(5)
    getattr(jack, f'set_{kind}_function')(scene.once(action))
    if kind == 'error':
        # Said while a request of this client is under way.
        with contextlib.suppress(jack.JackError):
            subject.remove_property(subject, 'http://example.org/none')
    else:
        jack._lib._raw.jack_info_callback(
            jack._ffi.new('char[]', b'information')
        )
    del subject
    wait_until(lambda: scene.results and scene.results[0] is not None)
    getattr(jack, f'set_{kind}_function')(ignore)
    while scene.subjects:
        scene.subjects.pop().close()
    witness = jack.Client('witness')
    await_the_end(witness)
    witness.close()
    print(name, flush=True)


def main(kind, *names):
    jack.set_error_function(ignore)
    if kind == 'shutdown':
        shutdown(*names)
        return
    if kind in ('error', 'info'):
        for name, action in (('close', close), ('forget', forget)):
            message(kind, name, action)
        return
    other = Other()
    for name in names:
        TESTS[name](Scene(kind, other))
        print(name, flush=True)
    other.client.transport_frame = 0
    other.close()


if __name__ == '__main__':
    main(*sys.argv[1:])

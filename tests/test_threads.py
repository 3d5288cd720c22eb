"""JACK's threads: their identifiers, priorities, and how they begin."""

import contextlib
import os
import resource
import threading

import pytest

import jack

# What sched_setscheduler() wants to see, from non-privileged processes.
MAY_BE_REALTIME = (
    os.geteuid() == 0 or resource.getrlimit(resource.RLIMIT_RTPRIO)[0] >= 5
)


@pytest.fixture
def thread():
    """A thread that does nothing, with the kernel's number for it."""
    begun, done = threading.Event(), threading.Event()

    def wait():
        begun.set()
        done.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    begun.wait()
    yield thread
    done.set()
    thread.join()


def scheduling(thread):
    """Policy and priority of a thread, as the system tells them."""
    return (
        os.sched_getscheduler(thread.native_id),
        os.sched_getparam(thread.native_id).sched_priority,
    )


def is_realtime(thread):
    return scheduling(thread)[0] in (os.SCHED_FIFO, os.SCHED_RR)


# -- Identifiers --------------------------------------------------------------


def test_thread_id_is_that_of_the_process_callback(client, events):
    client.set_process_callback(
        lambda frames: events.put(threading.get_ident())
    )
    assert client.thread_id == 0
    with client:
        assert events.next() == client.thread_id != threading.get_ident()
        assert type(client.thread_id) is int
        client.deactivate()
        assert client.thread_id == 0


@pytest.mark.needs('modes of scheduling')
@pytest.mark.parametrize('realtime', [False, True])
def test_priorities_are_those_of_the_servers_mode(
    make_server, run_python, realtime
):
    if realtime and not MAY_BE_REALTIME:
        pytest.skip('this user may not have real-time threads')
    server = make_server(realtime=realtime)
    out = run_python(
        """
        import os
        import queue
        import jack

        client = jack.Client('ranked')
        seen = queue.SimpleQueue()

        @client.set_process_callback
        def process(frames):
            # PyPy has no name for SCHED_RESET_ON_FORK.
            seen.put((os.sched_getscheduler(0) & ~0x40000000,
                      os.sched_getparam(0).sched_priority))

        with client:
            policy, priority = seen.get(timeout=5)
            print(client.realtime, client.realtime_priority,
                  client.max_realtime_priority, policy, priority)
        """,
        server=server,
    ).stdout.split()
    assert out[0] == str(realtime)
    own, most, policy, priority = map(int, out[1:])
    if realtime:
        assert 0 < own <= most
        assert policy in (os.SCHED_FIFO, os.SCHED_RR)
        assert priority == own
    else:
        assert (own, most) == (-1, -1)
        assert (policy, priority) == (os.SCHED_OTHER, 0)


# -- Thread-init callback -----------------------------------------------------


def test_the_callback_runs_on_the_process_thread_before_its_first_cycle(
    client, events
):
    client.set_thread_init_callback(
        lambda *args: events.put(('init', args, threading.get_ident()))
    )
    client.set_process_callback(
        lambda frames: events.put(('process', (), threading.get_ident()))
    )
    seen = []
    with client:
        events.wait_for(lambda e: seen.append(e) or e[0] == 'process')
        ident = client.thread_id
    *inits, process = seen
    assert process == ('process', (), ident)
    assert ('init', (), ident) in inits
    assert threading.get_ident() not in [ident for _, _, ident in inits]


@pytest.mark.needs('a process thread for each activation')
def test_the_callback_runs_in_each_activation(client, events):
    client.set_thread_init_callback(
        lambda: events.put(threading.get_native_id())
    )
    client.set_process_callback(lambda frames: None)
    threads = set()
    for _ in range(3):
        events.drain()
        client.activate()
        events.wait_for(
            lambda number: number not in threads
            and not threads.add(number)
        )
        client.deactivate()
    assert len(threads) >= 3


def test_the_callback_can_prepare_what_process_needs(client, events):
    local = threading.local()

    @client.set_thread_init_callback
    def init():
        local.value = 'prepared'

    @client.set_process_callback
    def process(frames):
        events.put(local.value)

    with client:
        assert events.next() == 'prepared'
    assert callable(init)


def test_an_exception_in_the_callback_is_reported(
    client, wait_until, capfd
):
    def init():
        raise ValueError('a bad beginning')

    client.set_thread_init_callback(init)
    cycles = []
    client.set_process_callback(cycles.append)
    with client:
        wait_until(lambda: cycles)
        assert isinstance(client.last_exception, ValueError)
    assert 'ValueError: a bad beginning' in capfd.readouterr().err


def test_a_thread_init_callback_leaves_no_word_on_stderr(
    make_client, events, capfd
):
    client = make_client()
    client.set_thread_init_callback(lambda: events.put('init'))
    with client:
        events.next()
    assert 'Message' not in capfd.readouterr().err


def test_the_callback_of_an_active_client_is_fixed(active_client):
    with pytest.raises(jack.JackError, match='deactivate'):
        active_client.set_thread_init_callback(lambda: None)


@pytest.mark.parametrize('bad', [None, 7], ids=repr)
def test_what_cannot_be_called_is_a_type_error(client, bad):
    with pytest.raises(TypeError):
        client.set_thread_init_callback(bad)


# -- Real-time scheduling -----------------------------------------------------


@pytest.mark.needs('real-time scheduling of any thread')
def test_a_thread_becomes_a_realtime_one_and_an_ordinary_one_again(
    client, thread
):
    before = scheduling(thread)
    if not MAY_BE_REALTIME:
        with pytest.raises(jack.JackErrorCode, match='5'):
            jack.acquire_realtime_scheduling(thread.ident, 5)
        assert scheduling(thread) == before
        return
    assert jack.acquire_realtime_scheduling(thread.ident, 5) is None
    assert is_realtime(thread)
    assert scheduling(thread)[1] == 5
    assert jack.drop_realtime_scheduling(thread.ident) is None
    assert scheduling(thread) == (os.SCHED_OTHER, 0)


def test_other_threads_stay_as_they_are(client, thread):
    with contextlib.suppress(jack.JackErrorCode):
        jack.acquire_realtime_scheduling(thread.ident, 5)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.mark.needs('real-time scheduling of any thread')
def test_the_process_thread_can_be_given_a_priority(client, events):
    client.set_process_callback(
        lambda frames: events.put(os.sched_getparam(0).sched_priority)
    )
    with client:
        assert events.next() == 0
        if not MAY_BE_REALTIME:
            with pytest.raises(jack.JackErrorCode):
                jack.acquire_realtime_scheduling(client.thread_id, 3)
            return
        jack.acquire_realtime_scheduling(client.thread_id, 3)
        events.wait_for(lambda priority: priority == 3)
        jack.drop_realtime_scheduling(client.thread_id)
        events.wait_for(lambda priority: priority == 0)


@pytest.mark.needs('real-time scheduling of any thread')
@pytest.mark.parametrize('priority', [0, 100, 2**31 - 1], ids=str)
def test_a_priority_that_the_system_does_not_have_is_an_error(
    client, thread, priority, capfd
):
    with pytest.raises(jack.JackErrorCode, match=str(priority)):
        jack.acquire_realtime_scheduling(thread.ident, priority)
    assert not is_realtime(thread)


def test_without_a_client_it_works_or_the_error_says_what_is_needed(
    run_python,
):
    run_python("""
        import os
        import threading
        import jack

        try:
            jack.acquire_realtime_scheduling(threading.get_ident(), 5)
        except jack.JackErrorCode as e:
            assert 'client' in str(e), e
        else:
            assert os.sched_getparam(0).sched_priority == 5
        """)


@pytest.mark.parametrize(
    ('priority', 'error'),
    [(-1, ValueError), (2**31, ValueError), (1.5, TypeError),
     ('1', TypeError), (None, TypeError)],
    ids=repr,
)  # fmt: skip
def test_a_priority_of_a_wrong_kind_is_refused(thread, priority, error):
    with pytest.raises(error):
        jack.acquire_realtime_scheduling(thread.ident, priority)


def test_a_thread_that_does_not_live_is_refused():
    ended = threading.Thread(target=int)
    ended.start()
    ended.join()
    # The C library would read what was there, or crash.
    for ident in 0, 1, 2**64 - 1, ended.ident:
        with pytest.raises(ValueError):
            jack.acquire_realtime_scheduling(ident, 5)
        with pytest.raises(ValueError):
            jack.drop_realtime_scheduling(ident)


def test_a_process_thread_that_has_ended_is_refused(make_client, events):
    client = make_client()

    @client.set_process_callback
    def process(frames):
        # As logging does: from now on Python lists the thread, for ever.
        events.put(threading.current_thread().ident)

    with client:
        ident = events.next()
        assert ident == client.thread_id
    assert ident in {thread.ident for thread in threading.enumerate()}
    with pytest.raises(ValueError, match='thread must be'):
        jack.drop_realtime_scheduling(ident)


@pytest.mark.parametrize('bad', [None, '1', 1.5, threading.main_thread()])
def test_a_thread_of_a_wrong_kind_is_refused(bad):
    with pytest.raises(TypeError):
        jack.acquire_realtime_scheduling(bad, 5)
    with pytest.raises(TypeError):
        jack.drop_realtime_scheduling(bad)

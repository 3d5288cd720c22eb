"""``python3 -m jack`` tells what there is, as JACK's own programs see it."""

import json
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest
import servers

import jack

FORMATS = [[], ['--json'], ['--dot']]


def run_module(server, *args, check=True, **variables):
    """Run ``python3 -m jack``, with variables in its environment."""
    return servers.run_child(
        [sys.executable, '-m', 'jack', *args],
        {**servers.python_env(server.env), **variables},
        None,
        check=check,
    )


def facts(server, *args):
    """What ``--json`` prints."""
    return json.loads(run_module(server, '--json', *args).stdout)


def jack_lsp(server, option):
    """What jack_lsp prints under each port with an option for details."""
    found = {}
    for line in server.run(['jack_lsp', option]).stdout.splitlines():
        if not line[0].isspace():
            found[line] = details = []
        else:
            details.append(line.strip())
    return found


@pytest.fixture
def graph(make_client, wait_until, lacks):
    """A graph with some of everything: two clients and the hardware."""
    one = make_client('one "quoted\\')
    two = make_client('zwei ♪')
    ports = {
        'out': one.outports.register('out', is_terminal=True),
        'midi out': one.midi_outports.register('midi out'),
        'in': two.inports.register('ïn'),
        'midi in': two.midi_inports.register('midi in'),
    }
    ports['out'].set_alias('first alias')
    if not lacks('two aliases'):
        ports['out'].set_alias('second alias')
    one.activate()
    two.activate()
    one.connect(ports['out'], ports['in'])
    one.connect(ports['out'], 'system:playback_2')
    one.connect(ports['midi out'], ports['midi in'])
    two.connect('system:capture_1', ports['in'])
    return ports


# -- JSON ---------------------------------------------------------------------


def test_json_tells_module_and_library(server):
    found = facts(server)
    assert found['module'] == jack.__version__
    assert found['python'] == sys.version.split()[0]
    implementation = found['library']['implementation']
    assert server.title.startswith(implementation)
    assert re.search(r'/libjack\.so\S*$', found['library']['file'])


@pytest.mark.needs('version and process numbers')
def test_the_version_of_the_library_is_told(server):
    version = facts(server)['library']['version']
    assert version == jack.version_string()
    assert version in run_module(server).stdout


def test_json_tells_which_library_was_opened(server, tmp_path):
    original = facts(server)['library']['file']
    other = tmp_path / 'libjack-elsewhere.so'
    shutil.copy(original, other)
    out = run_module(server, '--json', JACK_LIBRARY=str(other)).stdout
    assert json.loads(out)['library']['file'] == str(other)


def test_json_tells_how_the_server_runs(server, client):
    found = facts(server)['server']
    assert found['name'] == server.default_name
    assert found['samplerate'] == server.samplerate
    assert found['blocksize'] == client.blocksize
    assert found['realtime'] is client.realtime
    assert 0 <= found['cpu_load'] <= 100


@pytest.mark.needs('the transport as inactive clients see it')
def test_json_tells_the_transport(server, client, wait_until):
    @client.set_timebase_callback()
    def timebase(state, frames, pos, new):
        pos.valid = jack.POSITION_BBT
        pos.bar, pos.beat, pos.tick = 3, 2, 480
        pos.beats_per_bar = pos.beat_type = 4
        pos.ticks_per_beat = 1920
        pos.beats_per_minute = 90

    with client:
        client.transport_frame = 12345
        wait_until(lambda: client.transport_frame == 12345)
        wait_until(lambda: client.transport_query()[1].get('bar') == 3)
        found = facts(server)['server']['transport']
        assert found['state'] == 'STOPPED'
        assert found['frame'] == 12345
        assert (found['bar'], found['beat'], found['tick']) == (3, 2, 480)
        assert found['beats_per_minute'] == 90
        client.transport_start()
        wait_until(lambda: client.transport_state == jack.ROLLING)
        assert facts(server)['server']['transport']['state'] == 'ROLLING'
        client.transport_stop()
        client.transport_frame = 0
        wait_until(lambda: client.transport_state == jack.STOPPED)
        wait_until(lambda: client.transport_frame == 0)


@pytest.mark.needs('aliases that others see')
def test_json_tells_of_each_port_what_jack_lsp_tells(server, graph):
    ports = {port['name']: port for port in facts(server)['ports']}
    types = jack_lsp(server, '-t')
    assert list(ports) == list(types)
    assert {port.name for port in graph.values()} < set(ports)
    for name, (type_,) in types.items():
        assert ports[name]['type'] == type_
    for name, aliases in jack_lsp(server, '-A').items():
        assert ports[name]['aliases'] == aliases
    for name, connections in jack_lsp(server, '-c').items():
        assert ports[name]['connections'] == connections
    for name, (uuid,) in jack_lsp(server, '-U').items():
        assert f'uuid: {ports[name]["uuid"]}' == uuid
    for name, latencies in jack_lsp(server, '-l').items():
        assert latencies == [
            'port {} latency = [ {} {} ] frames'.format(
                mode, *ports[name][f'{mode}_latency']
            )
            for mode in ('playback', 'capture')
        ]
    for name, (properties,) in jack_lsp(server, '-p').items():
        words = properties.partition(':')[2].strip(', ').split(',')
        port = ports[name]
        marks = ['physical', 'terminal', 'can_monitor']
        marks = [mark.replace('_', '-') for mark in marks if port[mark]]
        assert set(words) == {port['direction'], *marks}
    assert len(ports[graph['out'].name]['aliases']) == 2
    assert len(ports[graph['out'].name]['connections']) == 2


# -- Text ---------------------------------------------------------------------


def test_text_tells_all_of_it_to_people(server, graph):
    text = run_module(server).stdout
    found = facts(server)
    assert f'JACK-Client {jack.__version__}' in text
    assert found['library']['file'] in text
    assert found['library']['implementation'] in text
    assert f'{server.default_name}: 48000 Hz, 256 frames' in text
    if not found['server']['realtime']:
        assert 'not real-time' in text
    assert 'STOPPED at frame 0' in text
    # The ports, in order, each with its own lines below it.
    head, *blocks = re.split(r'^  (?=\S)', text, flags=re.MULTILINE)
    assert len(blocks) == len(found['ports'])
    for block, port in zip(blocks, found['ports']):
        name, *lines = block.splitlines()
        below = '\n'.join(lines)
        assert name == port['name']
        assert port['type'] in below
        assert port['direction'] in below
        assert ('physical' in below) == port['physical']
        assert '{}-{} capture'.format(*port['capture_latency']) in below
        assert '{}-{} playback'.format(*port['playback_latency']) in below
        assert all(alias in below for alias in port['aliases'])
        arrow = '->' if port['direction'] == 'output' else '<-'
        assert re.findall(rf'{arrow} (.+)', below) == port['connections']


def test_text_can_be_printed_whatever_the_locale(server, graph):
    out = run_module(server, LC_ALL='C', PYTHONUTF8='0').stdout
    assert graph['in'].name in out


# -- Graphviz -----------------------------------------------------------------

DOT_STRING = r'"((?:[^"\\]|\\.)*)"'


def unquote(text):
    return re.sub(r'\\(.)', r'\1', text)


def read_dot(dot):
    """The full port names in each box, and the connections between them."""
    boxes, names = {}, {}
    for box, table in re.findall(
        rf'^  {DOT_STRING} \[label=<(.*)>\];$', dot, re.M
    ):
        root = ElementTree.fromstring(table)
        client = root.find('.//b').text
        cells = root.findall('.//td[@port]')
        boxes[unquote(box)] = [f'{client}:{cell.text}' for cell in cells]
        for cell, name in zip(cells, boxes[unquote(box)]):
            names[unquote(box), cell.get('port')] = name
    edges = re.findall(
        rf'^  {DOT_STRING}:(p\d+):e -> {DOT_STRING}:(p\d+):w;$', dot, re.M
    )
    return boxes, [
        (names[unquote(a), b], names[unquote(c), d]) for a, b, c, d in edges
    ]


def test_dot_draws_each_port_and_each_connection_once(server, graph):
    dot = run_module(server, '--dot').stdout
    assert re.fullmatch(r'digraph \w+ \{\n(?:  .*\n)+\}\n', dot)
    found = facts(server)['ports']
    boxes, edges = read_dot(dot)
    assert sorted(name for names in boxes.values() for name in names) == (
        sorted(port['name'] for port in found)
    )
    assert sorted(edges) == sorted(
        (port['name'], other)
        for port in found
        if port['direction'] == 'output'
        for other in port['connections']
    )
    assert len(edges) == 4


def test_dot_puts_the_ports_of_a_client_together(server, graph, lacks):
    boxes, _ = read_dot(run_module(server, '--dot').stdout)
    clients = {port.name.partition(':')[0] for port in graph.values()}
    hardware = {'system (output)', 'system (input)'}
    if lacks('flags of ports without hardware'):
        hardware = {'system'}
    assert boxes.keys() == clients | hardware


def test_graphviz_accepts_it(server, graph):
    program = shutil.which('dot')
    if program is None:
        pytest.skip('Graphviz is not installed')
    dot = run_module(server, '--dot').stdout
    drawn = subprocess.run(
        [program, '-Tsvg'], input=dot, capture_output=True, text=True
    )
    assert (drawn.returncode, drawn.stderr) == (0, '')
    assert 'playback_2' in drawn.stdout


# -- The rest -----------------------------------------------------------------


@pytest.mark.parametrize('args', FORMATS, ids=str)
def test_nothing_is_changed_by_looking(server, graph, args):
    before = jack_lsp(server, '-c')
    child = run_module(server, *args)
    assert jack_lsp(server, '-c') == before
    assert child.stderr == ''


def test_another_server_can_be_named(server, make_server):
    other = make_server(blocksize=512)
    name = other.servername
    found = facts(server, '--server', name)
    assert found['server']['name'] == name
    assert found['server']['blocksize'] == 512
    assert facts(server, '-s', name) != facts(server)


@pytest.mark.parametrize('args', FORMATS, ids=str)
def test_without_a_server_it_says_so_and_how_to_get_one(server, args, lacks):
    child = run_module(
        server,
        *args,
        check=False,
        JACK_DEFAULT_SERVER='no-such-server',
        PIPEWIRE_REMOTE='no-such-server',
    )
    assert child.returncode == 1
    question = "is a JACK server called 'no-such-server' running?"
    assert question in child.stderr
    remedy = 'start pipewire' if lacks('start with jackd') else 'jackd'
    assert remedy in child.stderr
    assert 'Traceback' not in child.stderr
    # Where the module and its library are is of interest all the same.
    if args == ['--json']:
        found = json.loads(child.stdout)
        assert question in found['error']
        assert found['module'] == jack.__version__
        assert 'libjack' in found['library']['file']
    else:
        assert child.stdout == ''
        assert jack.__version__ in child.stderr
        assert 'libjack' in child.stderr


def test_without_a_server_none_is_started(server, tmp_path):
    started = tmp_path / 'started'
    rc = tmp_path / '.jackdrc'
    rc.write_text(f'/usr/bin/touch {started}\n')
    child = run_module(
        server,
        check=False,
        HOME=str(tmp_path),
        JACK_DEFAULT_SERVER='no-such-server',
        PIPEWIRE_REMOTE='no-such-server',
        JACK_NO_START_SERVER='',
    )
    assert child.returncode == 1
    assert not started.exists()


@pytest.mark.parametrize('name', ['', 'x' * 500], ids=['empty', 'long'])
def test_an_impossible_server_name_is_no_traceback(server, name):
    child = run_module(server, '-s', name, check=False)
    assert child.returncode in (1, 2)
    assert child.stderr
    assert 'Traceback' not in child.stderr


def test_a_reader_that_goes_early_is_no_traceback(server):
    process = subprocess.Popen(
        [sys.executable, '-m', 'jack'],
        env=servers.python_env(server.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        process.stdout.close()
        error = process.stderr.read()
    assert error == ''


NOT_OPENED = "cannot open client 'python-jack-info'"


@pytest.mark.parametrize(
    ('command', 'error'),
    [
        ('>&-', 'cannot print: stdout is closed'),
        ('>/dev/full', 'cannot print: [Errno 28] No space left on device'),
        ('--json >/dev/full', 'cannot print: [Errno 28]'),
        ('-s nosuch >&-', NOT_OPENED),
        ('-s nosuch --json >&-', NOT_OPENED),
        ('-s nosuch --json >/dev/full', NOT_OPENED),
        ('-s nosuch --json | sleep 0', NOT_OPENED),
        ('-s nosuch 2>&-', ''),
    ],
)
def test_output_that_cannot_be_written_is_no_traceback(server, command, error):
    child = servers.run_child(
        [
            'bash',
            '-c',
            f'set -o pipefail; {sys.executable} -m jack {command}',
        ],
        servers.python_env(server.env),
        None,
        check=False,
    )
    assert child.returncode == 1
    assert error in child.stderr
    assert 'Traceback' not in child.stderr
    assert child.stdout == ''


DYING = """
import os
import signal
import sys
import time
import jack

describe = jack._describe_server

def describe_dying(client):
    lost = []
    client.set_shutdown_callback(lambda *args: lost.append(args))
    client.activate()
    os.kill(int(pid), signal.SIGKILL)
    while not lost:
        time.sleep(0.001)
    return describe(client)

jack._describe_server = describe_dying
_, pid, *sys.argv[1:] = sys.argv
sys.exit(jack._main())
"""


@pytest.mark.parametrize('args', [(), ('--json',)], ids=str)
def test_server_that_ends_meanwhile_is_no_traceback(
    make_server, run_python, args
):
    server = make_server()
    child = run_python(DYING, server.pid, *args, server=server, check=False)
    assert child.returncode == 1
    line = child.stderr.splitlines()[-1]
    assert line.startswith("client 'python-jack-info' has lost its JACK")
    assert 'Traceback' not in child.stderr


def test_path_in_the_memory_map_may_be_anything(server, tmp_path):
    other = tmp_path / 'd\udcff' / 'libjack.so.0'
    other.parent.mkdir()
    shutil.copy(facts(server)['library']['file'], other)
    out = run_module(server, '--json', LD_PRELOAD=str(other)).stdout
    assert json.loads(out)['library']['file'] == str(other)


@pytest.mark.parametrize('args', [['--json', '--dot'], ['--what']], ids=str)
def test_wrong_options_are_refused_with_the_usage(server, args):
    child = run_module(server, *args, check=False)
    assert child.returncode == 2
    assert child.stderr.startswith('usage: python3 -m jack')


def test_help_shows_the_options(server):
    out = run_module(server, '--help').stdout
    for option in '--json', '--dot', '--server':
        assert option in out

"""The `hil` command: a proxy as a process of its own, and records read back."""

import asyncio
import signal
import sys

import pytest
from click.testing import CliRunner

from hil.cli import hil
from hub.transports.ports import open_port

REQUEST = bytes.fromhex("01 04 00 01 00 02 20 0B")
ANSWER = bytes.fromhex("01 04 04 01 31 02 22 2A CE")


@pytest.fixture
def hil_process():
    """Starts `hil` and waits for its first line; a process that still runs at the end is ended."""
    started = []

    async def start(*words):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hil.cli", *words, stdout=asyncio.subprocess.PIPE,
        )
        started.append(process)
        async with asyncio.timeout(30):
            first = (await process.stdout.readline()).decode()
        return process, first.strip()

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()


async def ask(url):
    line = await open_port(url)
    try:
        await line.write(REQUEST)
        heard = b""
        async with asyncio.timeout(10):
            while len(heard) < len(ANSWER):
                heard += await line.read()
        return heard
    finally:
        await line.close()


async def stopped(process):
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(30):
        out, _ = await process.communicate()
    return process.returncode, out.decode()


async def test_a_proxy_disturbs_records_and_reports(thermometer, hil_process, tmp_path):
    device, _ = await thermometer("tcp")
    record = tmp_path / "wire.jsonl"
    process, first = await hil_process(
        "proxy", "--listen", "tcp://127.0.0.1:0", "--to", device.url, "--integration", "temperature",
        "--record", str(record), "--fault", "corrupt in",
    )
    url = first.removeprefix("The hub connects to ")
    assert await ask(url) == ANSWER[:-1] + b"\x31"
    code, out = await stopped(process)
    assert (code, out.split()[0]) == (0, "fired")
    shown = CliRunner().invoke(hil, ["record", "show", str(record)]).output.splitlines()
    assert shown[0] == f"hub at {url}, device at {device.url}"
    assert shown[1].endswith(f"hub >  {REQUEST.hex(' ')}")
    assert shown[2].endswith(
        f"hub <  {ANSWER.hex(' ')}   became {(ANSWER[:-1] + bytes([0x31])).hex(' ')}   [corrupt in]"
    )


async def test_a_fault_that_never_fired_makes_the_run_invalid(thermometer, hil_process):
    device, _ = await thermometer("tcp")
    process, _ = await hil_process(
        "proxy", "--listen", "tcp://127.0.0.1:0", "--to", device.url, "--fault", "drop out nth=5",
    )
    code, out = await stopped(process)
    assert (code, out) == (2, "INVALID  drop out nth=5: never fired (0 matching frames)\n")


@pytest.mark.parametrize(("words", "says"), [
    (["--listen", "tcp://127.0.0.1:0", "--to", "serial:///dev/no-such-port"], "does not exist"),
    (["--listen", "memory://x", "--to", "tcp://127.0.0.1:1"], "listens at serial:, tcp: or udp:"),
    (["--listen", "serial:///dev/null", "--to", "tcp://127.0.0.1:1"], "/dev/null exists"),
    (["--listen", "tcp://127.0.0.1:0", "--to", "tcp://127.0.0.1:1", "--fault", "drop"], "write drop"),
    (["--listen", "tcp://127.0.0.1:0", "--to", "tcp://127.0.0.1:1", "--integration", "nobody"], "nobody"),
])
def test_what_cannot_be_is_said_in_words(words, says):
    result = CliRunner().invoke(hil, ["proxy", *words])
    assert result.exit_code in (1, 2)
    assert says in result.output
    assert "Traceback" not in result.output


def test_a_record_cut_off_in_mid_line_is_read_up_to_there_and_other_files_are_refused(tmp_path):
    record = tmp_path / "wire.jsonl"
    header = '{"record": 1, "listen": "a", "to": "b", "started": 1}'
    record.write_text(header + '\n{"t": 1.5, "event": "x"}\n{"t": 2')
    shown = CliRunner().invoke(hil, ["record", "show", str(record)])
    assert (shown.exit_code, len(shown.output.splitlines())) == (0, 2)
    record.write_text("not a record\n")
    shown = CliRunner().invoke(hil, ["record", "show", str(record)])
    assert shown.exit_code == 1
    assert "wire.jsonl:1" in shown.output

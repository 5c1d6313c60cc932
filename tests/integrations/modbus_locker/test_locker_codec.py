"""Words of relay boards: golden values of the protocol description, and laws for all others."""

import pytest
import voluptuous as vol
from hypothesis import given
from hypothesis import strategies as st

from hub.api import ConfigError
from hub.api.modbus_slave import crc16
from hub.testing import load_profile
from integrations import modbus_locker
from integrations.modbus_locker import codec
from integrations.modbus_locker.config import PROFILE_SCHEMA, board, word

WAVESHARE = load_profile(modbus_locker, "waveshare_relay_8_d")
LCTECH = load_profile(modbus_locker, "lctech_relay_8")


@pytest.mark.parametrize(
    ("door", "milliseconds", "pdu"),
    [("1", 700, "05 02 00 00 07"), ("2", 800, "05 02 01 00 08"), ("8", 650, "05 02 07 00 07")],
)
def test_a_pulse_is_the_documented_flash_command(door, milliseconds, pdu):
    board_ = board(WAVESHARE, {"pulse_ms": milliseconds})
    write = codec.pulse(board_, codec.channel(board_, door))
    sent = b"\x05" + write.address.to_bytes(2, "big") + write.value.to_bytes(2, "big")
    assert sent == bytes.fromhex(pdu)


def test_all_relays_are_switched_off_by_the_documented_command():
    assert [(write.address, write.value) for write in codec.all_off(board(WAVESHARE, {}))] == [(0x00FF, 0)]


def test_a_board_of_another_make_has_its_own_values_and_counts_from_one():
    board_ = board(LCTECH, {})
    assert codec.pulse(board_, 0) == codec.Write(0x0001, 0x0100, None)
    assert [write.address for write in codec.all_off(board_)] == list(range(1, 9))


@given(st.integers(1, 10**7), st.integers(1, 1000))
def test_a_pulse_is_rounded_up_to_whole_steps_and_never_beyond_the_largest(milliseconds, step):
    count = codec.steps(milliseconds, step)
    assert 1 <= count <= codec.MAX_STEPS
    if count < codec.MAX_STEPS:
        assert count * step >= milliseconds > (count - 1) * step


@given(st.lists(st.booleans(), min_size=1, max_size=32), st.sampled_from([0, 1]))
def test_polarity_decides_which_bit_is_a_closed_door(bits, closed):
    inputs = board({**WAVESHARE, "inputs": {"closed": closed}}, {}).inputs
    assert codec.closed_doors(inputs, bits) == tuple(bit is bool(closed) for bit in bits)


@pytest.mark.parametrize("door", ["0", "9", "one", "", "01"])
def test_a_door_that_the_board_does_not_have_is_an_error(door):
    with pytest.raises(KeyError):
        codec.channel(board(WAVESHARE, {}), door)


def test_a_pulse_longer_than_the_profile_allows_is_a_configuration_error():
    with pytest.raises(ConfigError, match="longer than"):
        board(WAVESHARE, {"pulse_ms": 5000})


def test_polling_too_slow_for_the_shortest_door_cycle_is_a_configuration_error():
    with pytest.raises(ConfigError, match="can miss a door cycle"):
        board(WAVESHARE, {"poll_ms": 200})


@pytest.mark.parametrize("value", ["0x10000", -1, "lots", True, None, 1.5])
def test_a_value_that_is_no_modbus_word_is_refused(value):
    with pytest.raises(vol.Invalid):
        word(value)


@pytest.mark.parametrize("name", ["waveshare_relay_8_d", "waveshare_relay_16_d", "lctech_relay_8"])
def test_a_checked_profile_passes_its_own_check_again(name):
    profile = load_profile(modbus_locker, name)
    assert vol.Schema(PROFILE_SCHEMA)(profile) == profile


FRAMES = [
    bytes.fromhex(text) for text in (
        "01 05 02 00 00 07 8D B0", "01 01 00 00 00 08 3D CC", "01 02 00 00 00 08 79 CC",
        "01 0F 00 00 00 08 01 FF BE D5", "01 04 04 01 31 02 22 2A CE",
    )
] + [b"\x01\x85\x03" + crc16(b"\x01\x85\x03"), b"\x01\x02\x01\xff" + crc16(b"\x01\x02\x01\xff")]


@given(st.lists(st.sampled_from(FRAMES), min_size=1, max_size=6), st.lists(st.integers(1, 9), min_size=1))
def test_bus_traffic_in_any_pieces_is_cut_into_its_frames(frames, sizes):
    stream, framer, found, turn = b"".join(frames), codec.FRAMER(), [], 0
    while stream:
        size = sizes[turn % len(sizes)]
        found += framer.feed(stream[:size])
        stream, turn = stream[size:], turn + 1
    assert found == frames
    assert framer.flush() == []


def test_a_damaged_frame_comes_out_whole_after_the_silence():
    framer = codec.FRAMER()
    assert framer.feed(FRAMES[0][:-1] + b"\x00") == []
    assert framer.flush() == [FRAMES[0][:-1] + b"\x00"]

"""The mailbox: each message once, whole, with a picture that a scanner reads; a full disk means later."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol
from hypothesis import given
from hypothesis import strategies as st

import integrations.mailbox as integration
from hub.api import ConfigError, Notifier, NotReady
from hub.testing import Kit
from integrations.mailbox import codec
from integrations.mailbox import driver as driver_module

CODE = "HH1.5f1c.Zm9yLW9uZS1wZXJzb24"


@dataclass(frozen=True)
class Note:
    message_id: str
    to: Mapping[str, Any] = field(default_factory=lambda: {"name": "Ada", "email": "ada@example.org"})
    subject: str = "Ready for you"
    text: str = "Locker A1 until Friday. PIN 123456."
    code: str | None = CODE
    pin: str | None = "123456"


@pytest.fixture
def mailbox(hub_kit: Kit, tmp_path: Path) -> Callable[..., Any]:
    async def build(**own: Any) -> Any:
        context = hub_kit.context(
            name="mail", state_dir=str(tmp_path), config=vol.Schema(integration.device_schema())(own)
        )
        return await hub_kit.start(integration.create_driver(context))

    return build


def soon() -> float:
    return asyncio.get_running_loop().time() + 10


@pytest.mark.req("MS-01", "MS-03")
async def test_a_message_lies_in_the_folder_for_its_recipient_with_its_own_code(mailbox: Any) -> None:
    box = await mailbox()
    assert isinstance(box, Notifier)
    await box.notify(Note("0001"), soon())
    (found,) = box.messages()
    assert {key: found[key] for key in ("id", "to", "subject", "text", "code", "pin")} == {
        "id": "0001", "to": {"name": "Ada", "email": "ada@example.org"}, "subject": "Ready for you",
        "text": "Locker A1 until Friday. PIN 123456.", "code": CODE, "pin": "123456",
    }
    assert Path(found["picture"]).read_bytes() == codec.picture(CODE)
    assert "To: Ada, ada@example.org\nSubject: Ready for you" in (box.folder / "0001.txt").read_text()


@pytest.mark.req("MS-03")
def test_the_picture_holds_the_code_as_a_full_qr() -> None:
    cv2, np = pytest.importorskip("cv2"), pytest.importorskip("numpy")
    zxingcpp = pytest.importorskip("zxingcpp")
    for code in ("7", CODE, "https://hub.example/c/" + "x" * 200):
        image = cv2.imdecode(np.frombuffer(codec.picture(code), np.uint8), cv2.IMREAD_GRAYSCALE)
        (read,) = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
        assert read.text == code


async def test_a_message_without_code_has_no_picture(mailbox: Any) -> None:
    box = await mailbox()
    await box.notify(Note("0001", code=None, pin=None), soon())
    assert box.messages()[0]["picture"] is None
    assert sorted(path.name for path in box.folder.iterdir()) == ["0001.json", "0001.txt"]


async def test_a_repeated_message_is_written_once_and_keeps_its_first_text(mailbox: Any) -> None:
    box = await mailbox()
    await asyncio.gather(*(box.notify(Note("0001", text=f"try {n}"), soon()) for n in range(3)))
    assert [found["text"] for found in box.messages()] == ["try 0"]


async def test_messages_are_newest_first_also_after_a_restart(mailbox: Any) -> None:
    box = await mailbox()
    for name in ("b", "a", "c"):
        await box.notify(Note(name), soon())
    assert [found["id"] for found in box.messages()] == ["c", "a", "b"]
    again = await mailbox()
    assert again.messages() == box.messages()
    await again.notify(Note("a", text="again"), soon())
    assert len(again.messages()) == 3


async def test_old_messages_are_deleted_with_their_pictures(mailbox: Any) -> None:
    box = await mailbox(keep=2)
    for name in ("a", "b", "c"):
        await box.notify(Note(name), soon())
    assert [found["id"] for found in box.messages()] == ["c", "b"]
    assert not list(box.folder.glob("a.*"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
async def test_a_disk_that_takes_nothing_means_later_and_leaves_no_half_message(
    mailbox: Any, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    box = await mailbox()

    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(driver_module.os, "fsync", fail)
        with pytest.raises(NotReady, match=os.strerror(number)):
            await box.notify(Note("0001"), soon())
    assert (box.messages(), list(box.folder.iterdir())) == ([], [])
    await box.notify(Note("0001"), soon())
    assert len(box.messages()) == 1


async def test_a_write_that_stopped_before_its_record_is_no_message(mailbox: Any) -> None:
    box = await mailbox()
    (box.folder / "0001.png").write_bytes(b"half")
    (box.folder / ".0001.json.part").write_bytes(b"{")
    (box.folder / "other.json").write_bytes(b"not ours")
    again = await mailbox()
    assert again.messages() == []
    await again.notify(Note("0001"), soon())
    assert (box.folder / "0001.png").read_bytes() == codec.picture(CODE)


async def test_a_code_that_fits_no_qr_is_given_up(mailbox: Any) -> None:
    box = await mailbox()
    with pytest.raises(ConfigError):
        await box.notify(Note("0001", code="x" * 4000), soon())


async def test_files_are_for_the_hub_alone_and_the_log_holds_nothing_personal(
    mailbox: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        box = await mailbox()
        await box.notify(Note("0001"), soon())
    assert box.folder.stat().st_mode & 0o077 == 0
    assert {path.stat().st_mode & 0o077 for path in box.folder.iterdir()} == {0}
    assert not [record for record in caplog.records if "Ada" in record.message or CODE in record.message]


@given(st.text(max_size=80))
def test_any_message_id_becomes_one_plain_file_name(message_id: str) -> None:
    stem = codec.file_stem(message_id)
    assert Path(stem).name == stem
    assert not stem.startswith(".")


@given(st.binary(max_size=60))
def test_a_strange_file_is_no_record(data: bytes) -> None:
    assert codec.load(data) is None or isinstance(codec.load(data), dict)

"""The camera: pictures in a folder become codes; the cascade reads what one decoder alone misses."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import integrations.scanner as scanner
from hub.api import ConfigError, NotReady
from hub.model.observations import CodeRead
from hub.model.states import FaultKind, Method
from hub.testing import Kit

cv2 = pytest.importorskip("cv2")
np = pytest.importorskip("numpy")
zxingcpp = pytest.importorskip("zxingcpp")

from integrations.scanner import decode  # noqa: E402  needs the libraries above

FORMATS = ["QRCode", "Code128", "EAN13"]
Run = Callable[..., Any]
Draw = Callable[..., bytes]


def has_zbar() -> bool:
    return decode.Decoder(FORMATS).has_zbar


def picture(png: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)


def barcode(text: str, kind: Any) -> Any:
    code = zxingcpp.create_barcode(text, kind)
    return np.array(zxingcpp.write_barcode_to_image(code, scale=3, add_quiet_zones=True))


def turned(image: Any, degrees: float) -> Any:
    height, width = image.shape[:2]
    side = int((height + width) * 0.75)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    matrix[:, 2] += [side / 2 - width / 2, side / 2 - height / 2]
    return cv2.warpAffine(image, matrix, (side, side), borderValue=(255, 255, 255))


def faint(image: Any) -> Any:
    """Six per cent of the contrast on a ground that grows from dark to light."""
    ground = np.linspace(0, 100, image.shape[1])[None, :]
    ground = ground[..., None] if image.ndim == 3 else ground
    return np.clip(image.astype(float) * 0.06 + 90 + ground, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("zbar", [True, False], ids=["with zbar", "without zbar"])
@pytest.mark.parametrize(
    "spoil", [lambda i: i, lambda i: turned(i, 30), faint], ids=["clean", "turned", "faint"]
)
def test_a_qr_is_read_clean_turned_and_faint(qr_picture: Draw, spoil: Run, zbar: bool) -> None:
    if zbar and not has_zbar():
        pytest.skip("libzbar0 is not installed")
    found = decode.Decoder(FORMATS, use_zbar=zbar).read(spoil(picture(qr_picture("HH1.abc-12345"))))
    assert [(code.text, code.is_qr) for code in found] == [("HH1.abc-12345", True)]


@pytest.mark.parametrize("degrees", [0, 90, 45], ids=["clean", "upright", "diagonal"])
def test_a_barcode_is_read_without_zbar_at_any_angle(degrees: int) -> None:
    image = turned(barcode("4006381333931", zxingcpp.BarcodeFormat.EAN13), degrees)
    found = decode.Decoder(FORMATS, use_zbar=False).read(image)
    assert [(code.text, code.symbology, code.is_qr) for code in found] == [("4006381333931", "EAN13", False)]


def test_later_steps_read_what_the_first_misses(qr_picture: Draw) -> None:
    steps = {
        found.step
        for image in (picture(qr_picture("HH1.abc")), faint(picture(qr_picture("HH1.abc-12345"))),
                      turned(barcode("HH-4711", zxingcpp.BarcodeFormat.Code128), 45))
        for found in decode.Decoder(FORMATS, use_zbar=False).read(image)
    }
    assert steps == {"plain", "contrast", "turned"}


def test_only_the_formats_asked_for_are_read(qr_picture: Draw) -> None:
    assert decode.Decoder(["EAN13"]).read(picture(qr_picture("HH1.abc"))) == []


def test_an_empty_picture_holds_no_code() -> None:
    assert decode.Decoder(FORMATS).read(np.full((120, 160), 255, np.uint8)) == []


async def camera(
    kit: Kit, folder: Path, config: dict[str, Any], *, begin: bool = True
) -> tuple[Any, Any, Any]:
    url = f"folder:{folder}"
    context = kit.context(name="camera", config=config, endpoint_url=url)
    sim = kit.simulator(scanner, context, endpoint=url)
    driver = scanner.create_driver(context)
    if begin:
        await kit.start(driver)
    return context, sim, driver


@pytest.fixture
def show(tmp_path: Path, qr_picture: Draw) -> Callable[[str], str]:
    def save(text: str) -> str:
        file = tmp_path / f"{text}.png"
        file.write_bytes(qr_picture(text))
        return str(file)

    return save


@pytest.mark.req("AC-01")
def test_a_picture_shown_to_the_camera_is_read_once(
    hub_virtual: Run, tmp_path: Path, show: Run, scanner_config: Run
) -> None:
    async def main(kit: Kit) -> None:
        context, sim, _ = await camera(kit, tmp_path / "eye", scanner_config(endpoint="folder:x"))
        await sim.do("show", show("HH1.one"))
        assert await context.seen(CodeRead) == CodeRead("camera", "HH1.one", Method.QR, "QRCode")
        assert context.lease.reports == [("in", b"QRCode HH1.one")]
        await asyncio.sleep(3)
        assert len(context.of(CodeRead)) == 1
        await sim.do("show", show("HH1.one"))
        await context.until(lambda: len(context.of(CodeRead)) == 2)
        assert [act["picture"] for act in sim.acts("shown")] == ["HH1.one.png"] * 2

    hub_virtual(main)


def test_the_same_code_in_many_pictures_is_one_presentation(
    hub_virtual: Run, tmp_path: Path, show: Run, scanner_config: Run
) -> None:
    async def main(kit: Kit) -> None:
        context, sim, _ = await camera(kit, tmp_path / "eye", scanner_config(endpoint="folder:x"))
        for _ in range(8):
            await sim.do("show", show("HH1.same"))
            await asyncio.sleep(0.3)
        await sim.do("show", show("HH1.other"))
        await context.seen(CodeRead, lambda seen: seen.text == "HH1.other")
        assert [seen.text for seen in context.of(CodeRead)] == ["HH1.same", "HH1.other"]

    hub_virtual(main)


def test_what_lay_in_the_folder_before_the_start_is_no_presentation(
    hub_virtual: Run, tmp_path: Path, show: Run, scanner_config: Run
) -> None:
    async def main(kit: Kit) -> None:
        (tmp_path / "eye").mkdir()
        shutil.copy(show("HH1.old"), tmp_path / "eye" / "old.png")
        context, sim, _ = await camera(kit, tmp_path / "eye", scanner_config(endpoint="folder:x"))
        await asyncio.sleep(1)
        await sim.do("show", show("HH1.new"))
        await context.seen(CodeRead)
        assert [seen.text for seen in context.of(CodeRead)] == ["HH1.new"]

    hub_virtual(main)


def test_a_half_written_picture_is_read_when_it_is_whole(
    hub_virtual: Run, tmp_path: Path, qr_picture: Draw, scanner_config: Run
) -> None:
    async def main(kit: Kit) -> None:
        context, _, _ = await camera(kit, tmp_path / "eye", scanner_config(endpoint="folder:x"))
        png = qr_picture("HH1.slow", 12)
        (tmp_path / "eye" / "slow.png").write_bytes(png[:20])
        await context.until(lambda: (FaultKind.PROTOCOL_ERROR, "") in context.faults)
        (tmp_path / "eye" / "slow.png").write_bytes(png)
        assert (await context.seen(CodeRead)).text == "HH1.slow"
        assert context.faults == {}

    hub_virtual(main)


def test_a_folder_that_vanishes_is_offline_until_it_is_back(
    hub_virtual: Run, tmp_path: Path, show: Run, scanner_config: Run
) -> None:
    async def main(kit: Kit) -> None:
        folder = tmp_path / "mount" / "eye"
        context, sim, _ = await camera(kit, folder, scanner_config(endpoint="folder:x"))
        shutil.rmtree(tmp_path / "mount")
        (tmp_path / "mount").write_text("not a folder")
        await context.until(lambda: (FaultKind.OFFLINE, "") in context.faults)
        (tmp_path / "mount").unlink()
        await context.until(lambda: not context.faults)
        await sim.do("show", show("HH1.back"))
        assert (await context.seen(CodeRead)).text == "HH1.back"

    hub_virtual(main)


async def test_a_camera_that_is_not_there_is_not_ready_and_gives_its_lease_back(
    hub_kit: Kit, tmp_path: Path, scanner_config: Run
) -> None:
    (tmp_path / "file").write_text("")
    context, _, driver = await camera(
        hub_kit, tmp_path / "file" / "eye", scanner_config(endpoint="folder:x"), begin=False
    )
    with pytest.raises(NotReady):
        await driver.start()
    assert not context.lease.held


async def test_an_endpoint_that_is_no_camera_is_a_configuration_error(
    hub_kit: Kit, scanner_config: Run
) -> None:
    context = hub_kit.context(config=scanner_config(endpoint="x"), endpoint_url="usb:072f:2200")
    with pytest.raises(ConfigError, match="folder:/path or camera:"):
        await scanner.create_driver(context).start()
    assert not context.lease.held


async def test_without_libzbar0_the_driver_says_so_once_and_still_reads(
    hub_kit: Kit, tmp_path: Path, show: Run, scanner_config: Run, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(decode, "_load_zbar", lambda formats: None)
    with caplog.at_level(logging.WARNING):
        context, sim, _ = await camera(hub_kit, tmp_path / "eye", scanner_config(endpoint="folder:x"))
        await sim.do("show", show("HH1.nozbar"))
        assert (await context.seen(CodeRead)).text == "HH1.nozbar"
    assert [record.message for record in caplog.records if "libzbar0" in record.message] == [
        "libzbar0 is not installed: codes are read without the second decoder"
    ]


def test_without_the_library_the_second_decoder_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyzbar.pyzbar", None)
    assert not decode.Decoder(FORMATS).has_zbar

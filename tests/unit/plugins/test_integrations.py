"""One plugin may do anything at load; the others and the hub go on, and the reason stays visible."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.api import ConfigError
from hub.plugins import Integrations, ProfileError, Quarantined, UnknownIntegration

Write = Callable[..., Path]
OTHER = "domain: other\nname: n\nversion: '1'\napi_version: 1\ncapabilities: []"
OVEN = "domain: bad\nname: n\nversion: '1'\napi_version: 1\ncapabilities: [Oven]"


def load(search: Path, **options: Any) -> Integrations:
    return Integrations.load([search], entry_points=False, **options)


def test_a_good_plugin_gives_schema_profiles_and_driver(plugin: Write) -> None:
    search = plugin("good")
    (search / "good" / "profiles" / "board16.yaml").write_text("channels: 16\n")
    loaded = load(search)
    assert loaded.domains() == ["good"]
    assert loaded.manifest("good").capabilities == ("CodeReader",)
    assert [str(key) for key in loaded.device_schema("good")] == ["speed"]
    assert loaded.profile_names("good") == ["board16"]
    assert loaded.profile("good", "board16") == {"channels": 16}
    assert type(loaded.create_driver("good", SimpleNamespace())).__name__ == "TestDriver"  # type: ignore[arg-type]
    assert loaded.framer("good") is None
    assert loaded.steps("good") == []
    assert loaded.quarantined() == {}


def test_a_plugin_that_raises_on_import_is_alone_in_quarantine(plugin: Write) -> None:
    plugin("good")
    loaded = load(plugin("broken", "raise RuntimeError('no such chip')"))
    with pytest.raises(Quarantined, match="no such chip"):
        loaded.device_schema("broken")
    assert "no such chip" in loaded.quarantined()["broken"]
    assert loaded.domains() == ["good"]
    loaded.device_schema("good")


def test_a_plugin_that_exits_on_import_does_not_end_the_hub(plugin: Write) -> None:
    loaded = load(plugin("leaver", "import sys; sys.exit(3)"))
    with pytest.raises(Quarantined, match="SystemExit"):
        loaded.device_schema("leaver")


def test_a_plugin_that_raises_in_a_hook_is_quarantined_from_then_on(plugin: Write, good_code: str) -> None:
    code = good_code.replace('return {vol.Optional("speed", default=1): int}', "raise KeyError('oops')")
    loaded = load(plugin("hooked", code))
    with pytest.raises(Quarantined, match="device_schema: KeyError"):
        loaded.device_schema("hooked")
    with pytest.raises(Quarantined):
        loaded.create_driver("hooked", SimpleNamespace())  # type: ignore[arg-type]


def test_a_typed_error_of_create_driver_concerns_the_device_only(plugin: Write, good_code: str) -> None:
    wrong = "from hub.api import ConfigError; raise ConfigError('bad door')"
    code = good_code.replace("return TestDriver(ctx)", wrong)
    loaded = load(plugin("typed", code))
    with pytest.raises(ConfigError, match="bad door"):
        loaded.create_driver("typed", SimpleNamespace())  # type: ignore[arg-type]
    assert loaded.quarantined() == {}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("def create_driver(ctx)", "def create_driver(ctx, colour)"), "colour"),
        (("def create_driver(ctx)", "def create_drivers(ctx)"), "create_drivers"),
        (("return TestDriver(ctx)", "return 7"), "int, not a Driver"),
        (("@hookimpl\ndef create_driver", "def create_driver"), "does not implement create_driver"),
    ],
)
def test_hooks_are_checked_against_the_specification(
    plugin: Write, good_code: str, change: tuple[str, str], reason: str
) -> None:
    loaded = load(plugin("odd", good_code.replace(*change)))
    with pytest.raises(Quarantined, match=reason):
        loaded.create_driver("odd", SimpleNamespace())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"api_version": 99}, "API version 99, this hub has 1"),
        ({"requirements": "[surely-not-installed>=1]"}, "'surely-not-installed>=1' is not installed"),
        ({"requirements": "['pluggy>=999']"}, "not met by the installed"),
        ({"requirements": "['==']"}, "cannot be read"),
        ({"manifest": "domain: [unclosed"}, "manifest.yaml"),
        ({"manifest": OTHER}, "is not the folder's"),
        ({"manifest": OVEN}, "Oven"),
    ],
)
def test_a_manifest_that_does_not_fit_is_told_before_any_code_runs(
    plugin: Write, options: dict[str, str], reason: str
) -> None:
    loaded = load(plugin("bad", "raise AssertionError('must not run')", **options))
    assert reason in loaded.quarantined()["bad"]
    with pytest.raises(Quarantined):
        loaded.device_schema("bad")


def test_safe_mode_keeps_the_essential_plugins(plugin: Write) -> None:
    plugin("locks", essential="true")
    loaded = load(plugin("toys"), safe_mode=True)
    assert loaded.domains() == ["locks"]
    assert loaded.quarantined() == {"toys": "left out in safe mode"}


def test_an_unknown_domain_is_not_a_quarantined_one(plugin: Write) -> None:
    with pytest.raises(UnknownIntegration):
        load(plugin("good")).device_schema("goof")


@pytest.mark.parametrize(
    ("name", "reason"), [("nope", "does not exist; there is wrong"), ("wrong", "channels")]
)
def test_a_profile_is_checked(plugin: Write, name: str, reason: str) -> None:
    search = plugin("good")
    (search / "good" / "profiles" / "wrong.yaml").write_text("channels: many\n")
    with pytest.raises(ProfileError, match=reason):
        load(search).profile("good", name)


def test_loading_runs_no_plugin_code_and_importing_one_leaves_the_others(plugin: Write) -> None:
    plugin("first", "raise AssertionError")
    loaded = load(plugin("second"))
    assert loaded.domains() == ["first", "second"]
    loaded.device_schema("second")
    assert loaded.quarantined() == {}


def test_only_limits_the_domains(plugin: Write) -> None:
    plugin("first")
    assert load(plugin("second"), only={"second"}).domains() == ["second"]


def test_a_partner_is_found_by_entry_point(
    tmp_path: Path, plugin: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin("acme_locks").rename(tmp_path / "site")
    info = tmp_path / "site" / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[handoverhub.integrations]\nacme_locks = acme_locks\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    loaded = Integrations.load([])
    assert "acme_locks" in loaded.domains()
    assert [str(key) for key in loaded.device_schema("acme_locks")] == ["speed"]


STEPS = """
from hub.api import StepDefinition
from hub.model.effects import Receipt, Resolution

async def wave(driver, intent, deadline):
    return Receipt()

async def seen(driver, intent, deadline):
    return Resolution.confirmed()

@hookimpl
def steps():
    return {steps}
"""
GOOD_STEP = '[StepDefinition("waver.wave", "Waves.", "observable", wave, {vol.Required("times"): int}, seen)]'


def test_a_plugin_adds_steps(plugin: Write, good_code: str) -> None:
    loaded = load(plugin("waver", good_code + STEPS.replace("{steps}", GOOD_STEP)))
    [step] = loaded.steps("waver")
    assert (step.name, step.effect_class, step.refutes) == ("waver.wave", "observable", ())


@pytest.mark.parametrize(("old", "new", "why"), [
    ('"waver.wave"', '"wave"', "a step is called waver.WORD, not 'wave'"),
    ('"waver.wave"', '"other.wave"', "a step is called waver.WORD, not 'other.wave'"),
    ('"Waves."', '""', "waver.wave has no doc"),
    ('"observable"', '"often"', "effect_class is one of idempotent, observable, blind, not 'often'"),
    (", seen)", ")", "waver.wave is observable and has no resolve"),
    ('"observable"', '"blind"', "waver.wave is blind and has a resolve"),
    (", wave,", ", 'wave',", "act, resolve and baseline are functions of the driver"),
    ('"times"', '"within"', "the hub adds within itself"),
    ('{vol.Required("times"): int}', "None", "schema is a mapping"),
    ('[StepDefinition("waver.wave"', '["wave", StepDefinition("waver.wave"', "steps gave str"),
    ("seen)]", 'seen, None, ("Paper out",))]', "refutes are words such as paper_out"),
])
def test_a_bad_definition_puts_its_plugin_into_quarantine(
    plugin: Write, good_code: str, old: str, new: str, why: str
) -> None:
    assert old in GOOD_STEP
    loaded = load(plugin("waver", good_code + STEPS.replace("{steps}", GOOD_STEP.replace(old, new))))
    with pytest.raises(Quarantined, match=why):
        loaded.steps("waver")
    assert "waver" in loaded.quarantined()


@pytest.mark.parametrize("rail", ["hold", "{hold: 1}", "{holds: true}"])
def test_a_rail_says_yes_or_no_to_what_is_asked(plugin: Write, rail: str) -> None:
    text = f"{OTHER}\nrail: {rail}"
    loaded = load(plugin("other", manifest=text))
    assert "rail" in loaded.quarantined()["other"]


def test_a_rail_can_do_nothing_unless_it_says_so(plugin: Write) -> None:
    loaded = load(plugin("other", manifest=f"{OTHER}\nrail: {{hold: true}}"))
    rail = loaded.manifest("other").rail
    assert (rail.query, rail.hold, rail.partial_capture, rail.refund) == (False, True, False, False)

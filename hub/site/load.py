"""Loads and checks a whole site: all its problems in one run, or the facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from hub.api import StepDefinition
from hub.config import Document, Mark, Problems, SiteNames, load_yaml, mapping
from hub.config.schema import kind_of
from hub.site.sections.assets import read_assets
from hub.site.sections.extra_steps import read_steps, terminals_without_hold
from hub.site.sections.goods import read_products
from hub.site.sections.hardware import read_devices, read_lines, read_supplies
from hub.site.sections.identity import read_notifier, read_site, read_web
from hub.site.sections.machines import read_machines
from hub.site.sections.persons import read_people, read_policy
from hub.site.sections.places import read_banks, read_terminals
from hub.site.sections.reading import SECTIONS, Integrations, Reading
from hub.site.sections.schedules import read_schedules
from hub.site.sections.starts import check_starts
from hub.site.sections.workflows import Compile, read_workflows, site_names
from hub.site.specs import DeviceSpec, SiteConfig
from hub.workflows.parse import Instance

if TYPE_CHECKING:
    from hub.workflows.compile import Compiled
    from hub.workflows.steps import StepType

SITE_FILE = "site.yaml"
_SECTIONS = mapping({
    vol.Required("site", description="add: site: {id: a1, name: A1, time_zone: Europe/Rome, currency: EUR}"):
        object,
    **{vol.Optional(section): object for section in SECTIONS if section != "site"},
})


def load_site(
    folder: Path, integrations: Integrations, *, tolerant: bool = False, compile_one: Compile | None = None
) -> tuple[SiteConfig | None, Problems]:
    """Read `folder/site.yaml` and everything that it names; the site is None when there is any problem.

    `tolerant` is for running: a device whose integration is out of use (quarantined, or left out in safe
    mode) is no problem but stands in `left_out`, and a workflow that is not right in `broken`, so that one
    plugin or blueprint never keeps the others from serving.
    `compile_one` replaces the blueprint compiler.
    """
    problems = Problems()
    file = folder / SITE_FILE
    if not file.is_file():
        where = "there is no such folder" if not folder.is_dir() else f"there is no {SITE_FILE} in {folder}"
        problems.add(Mark(str(file), 1, 1), where, f"write one with: hub init {folder}")
        return None, problems
    document = load_yaml(file, problems, root=folder)
    if document is None:
        return None, problems
    if not isinstance(document.data, dict):
        message = f"expected the sections of a site, found {kind_of(document.data)}"
        problems.add(document.marks.value(()), message, "compare with the site that `hub init` writes")
        return None, problems
    reading = Reading(document, problems, integrations, folder, tolerant)
    config = _read(document, reading, compile_one)
    return (None if len(problems) else config), problems


def _read(document: Document, reading: Reading, compile_one: Compile | None) -> SiteConfig | None:
    reading.check(_SECTIONS, ())
    site = read_site(reading) if "site" in document.data else None
    lines = read_lines(reading)
    supplies = read_supplies(reading)
    devices = read_devices(reading)
    products = read_products(reading)
    banks = read_banks(reading, devices, products) | read_machines(reading, products)
    assets = read_assets(reading, banks)
    terminals = read_terminals(reading)
    policy = read_policy(reading)
    people = read_people(reading, policy)
    web = read_web(reading, policy)
    notifier = read_notifier(reading)
    zone = site.time_zone if site is not None else "UTC"
    names = replace(
        site_names(reading, policy.roles if policy is not None else ()),
        schedules=read_schedules(reading, zone), zone=zone,
        no_hold=terminals_without_hold(reading, terminals, devices),
    )
    steps = read_steps(reading, devices)
    workflows = read_workflows(reading, names, compile_one or _compiler(steps, devices))
    check_starts(reading, workflows, products)
    if site is None or web is None or policy is None:
        return None
    return SiteConfig(
        reading.folder, site, lines, devices, supplies, banks, terminals, products, people, workflows, web,
        notifier, policy, names, document.files, reading.left_out, reading.broken, steps,
        assets,
    )


def _compiler(steps: Mapping[str, StepDefinition], devices: Mapping[str, DeviceSpec]) -> Compile:
    """The blueprint compiler, with the steps that the site's integrations add."""

    def compile_one(
        file: Path, workflow: str, given: Mapping[str, Any], names: SiteNames, instance: Instance
    ) -> Compiled:
        # Here, because a site without workflows need not load the compiler.
        from hub.workflows.compile import compile_blueprint

        known = step_types(steps, devices)
        return compile_blueprint(file, workflow, given, names, instance=instance, steps=known)

    return compile_one


def step_types(
    steps: Mapping[str, StepDefinition], devices: Mapping[str, DeviceSpec]
) -> Mapping[str, StepType]:
    """All steps that a blueprint of the site may use."""
    from hub.workflows.steps import STEPS, with_steps
    from hub.workflows.steps.integrations import step_type

    if not steps:
        return STEPS

    def of(step: str) -> list[str]:
        return [name for name, spec in devices.items() if spec.integration == step.partition(".")[0]]

    return with_steps(step_type(step, of(name)) for name, step in steps.items())

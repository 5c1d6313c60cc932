"""What `hub run` prints once it serves: where it is, and what to try, ready to be pasted."""

from __future__ import annotations

from pathlib import Path

from hub.site.specs import CompartmentSpec, ProductSpec, SiteConfig, TerminalSpec

#: Where `hub twin` looks by itself when it is called from here.
_FOUND = (Path(), Path("config/demo"))
_WIDTH = 44


def welcome(config: SiteConfig, address: str, *, site: Path, simulated: bool) -> str:
    """What to open and what to try."""
    lines = [f"\n  {config.site.name} is open at {address}\n"]
    if simulated and config.web.tokens:
        # A fragment stays in the browser; a real site's token is typed in.
        lines.append(f"  Signed in already: {address}/#token={config.web.tokens[0].token}\n")
    if simulated:
        lines.append("  Try, in another terminal (. .venv/bin/activate):")
        lines += [f"    {command:{_WIDTH}} {what}" for command, what in _to_try(config, _where(site))]
        lines.append("")
    lines.append("  Ctrl-C stops it cleanly; killing it any other way loses nothing either.\n")
    return "\n".join(lines)


def _to_try(config: SiteConfig, where: str) -> list[tuple[str, str]]:
    """Commands with what they do: a purchase, where the site sells something."""
    tries = []
    sale = _sale(config)
    if sale is not None:
        terminal, product, place = sale
        keypad = next(r for r in terminal.readers if _has_keys(config, r))
        tries = [
            (f"hub twin key {keypad} '{product.selection}#'{where}", f"key a selection: {product.name}"),
            (f"hub twin pay {terminal.payment}{where}", "pay for it at the terminal; its door opens"),
            (f"hub twin close {place.door_device} {place.door}{where}", "take it and close the door"),
        ]
    return [
        *tries,
        (f"hub twin actions{where}", "all that people and accidents can do here"),
        ("hub demo", "every walk through the demo site, with evidence"),
    ]


def _sale(config: SiteConfig) -> tuple[TerminalSpec, ProductSpec, CompartmentSpec] | None:
    """A product that always comes out of the same compartment, and a terminal that sells it."""
    for terminal in config.terminals.values():
        if not terminal.payment or not any(_has_keys(config, reader) for reader in terminal.readers):
            continue
        for product in config.products.values():
            places = [c for c in config.compartments if c.product == product.sku]
            if product.selection and len(places) == 1 and places[0].bank in terminal.banks:
                return terminal, product, places[0]
    return None


def _has_keys(config: SiteConfig, reader: str) -> bool:
    device = config.devices[reader]
    return device.line is not None and "Keypad" in device.capabilities


def _where(site: Path) -> str:
    """The option that `hub twin` needs to find this site from here."""
    here, demo = _FOUND
    found = here if (here / "site.yaml").is_file() or not demo.is_dir() else demo
    return "" if site.resolve() == found.resolve() else f" --site {site}"

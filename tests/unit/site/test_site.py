"""A whole site: what it says when it is right, and every check with its place and mend when it is not."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.model.money import Money
from hub.model.states import Size, Thermal
from hub.site.load import load_site


def test_a_right_site_becomes_facts(site_folder):
    site, problems = site_folder.load()
    assert problems.render() == ""
    assert (site.site.id, site.site.currency) == ("t-1", "EUR")
    assert site.devices["locks"].profile == {"doors": 8}
    assert site.devices["locks"].config["address"] == 1
    assert site.supplies["psu"].gap == 300_000
    assert site.banks["main"].thermal is Thermal.REFRIGERATED
    assert [(c.name, c.door_device, c.door, c.size, c.low, c.product) for c in site.compartments] == [
        ("A1", "locks", "1", Size.S, False, None), ("A2", "locks", "2", Size.M, True, "cola"),
    ]
    assert site.products["cola"].price == Money(250, "EUR")
    assert site.products["cola"].selection == "11"
    assert site.people["anna"].pin == "4711"
    assert site.notifier == "mail"
    assert site.workflows["parcels"].machine.inputs == {"bank": "main", "hold": 172_800_000_000}
    assert [file.name for file in site.files] == ["site.yaml", "products.yaml", "secrets.yaml"]
    assert site.web.tokens[0].scopes == ("admin",)
    assert "0f0f" not in repr(site.web)


CASES = {
    "unknown section": ("banks:", "bank:", "site.yaml:12:1", "unknown key 'bank'", "did you mean 'banks'?"),
    "unknown key": ("thermometer: climate", "termometer: climate", "site.yaml:15:5",
                    "unknown key 'termometer'", "did you mean 'thermometer'?"),
    "misspelt integration": ("integration: thermo", "integration: termo", "site.yaml:7:26",
                             "unknown integration 'termo'", "did you mean 'thermo'?"),
    "quarantined integration": ("integration: thermo", "integration: broken", "site.yaml:7:26",
                                "integration 'broken' is out of use: import: ValueError: boom", "mend"),
    "wrong type": ("address: 1,", 'address: "1",', "site.yaml:6:53",
                   'expected a whole number, found "1"', "for example: 0"),
    "wrong unit": ("{milliseconds: 300}", "{millis: 300}", "site.yaml:11:32",
                   "'millis' is no unit of time", "did you mean 'milliseconds'?"),
    "plain number as duration": ("{milliseconds: 300}", "300", "site.yaml:11:31",
                                 "expected a duration, found 300", "say the unit: {seconds: 300}"),
    "missing secret": ("!secret api_token", "!secret api_tokn", "site.yaml:28:18",
                       "secret 'api_tokn' is not in secrets.yaml", "did you mean 'api_token'?"),
    "missing include": ("!include products.yaml", "!include product.yaml", "site.yaml:21:11",
                        "included file 'product.yaml' does not exist (site.yaml -> product.yaml)",
                        "did you mean 'products.yaml'?"),
    "circular include": ("!include products.yaml", "!include site.yaml", "site.yaml:21:11",
                         "circular include: site.yaml -> site.yaml", "take this !include away"),
    "unknown line": ("line: scan1", "line: scan", "site.yaml:8:40", "unknown line 'scan'",
                     "did you mean 'scan1'?"),
    "unknown supply": ("supply: psu", "supply: psu2", "site.yaml:6:82", "unknown supply 'psu2'",
                       "did you mean 'psu'?"),
    "unknown device of a door": ("door: locks/1", "door: lock/1", "site.yaml:17:18",
                                 "unknown device 'lock'", "did you mean 'locks'?"),
    "unknown device of a terminal": ("readers: [scanner]", "readers: [scaner]", "site.yaml:20:21",
                                     "unknown device 'scaner'", "did you mean 'scanner'?"),
    "door on a thermometer": ("door: locks/1", "door: climate/1", "site.yaml:17:18",
                              "device 'climate' cannot be a lock: it is a Thermometer",
                              "known here: locks"),
    "thermometer that is a lock": ("thermometer: climate", "thermometer: locks", "site.yaml:15:18",
                                   "device 'locks' cannot be a thermometer: it is a LockBank", "climate"),
    "reader that cannot read": ("readers: [scanner]", "readers: [climate]", "site.yaml:20:21",
                                "device 'climate' cannot be a reader: it is a Thermometer", "scanner"),
    "payment that takes no money": ("banks: [main]}", "banks: [main], payment: scanner}",
                                    "site.yaml:20:55",
                                    "device 'scanner' cannot be the payment device: it is a CodeReader, "
                                    "Keypad",
                                    "this site has no device with CashlessReader or CashAcceptor"),
    "not a notifier": ("notifier: mail", "notifier: locks", "site.yaml:29:11",
                       "device 'locks' cannot be the notifier: it is a LockBank", "known here: mail"),
    "a door used twice": ("door: locks/2", "door: locks/1", "site.yaml:18:18",
                          "door locks/1 already belongs to main/A1 (site.yaml line 17)", "own door"),
    "a door that the board has not": ("door: locks/2", "door: locks/9", "site.yaml:18:18",
                                      "device 'locks' has no door '9'", "its doors are 1 to 8"),
    "a door without a slash": ("door: locks/2", "door: locks", "site.yaml:18:18", "'locks' is no door",
                               "write DEVICE/DOOR"),
    "two devices at one address": ("address: 9", "address: 1", "site.yaml:7:55",
                                   "address 1 of line 'bus1' is already device 'locks' (site.yaml line 6)",
                                   "its own address"),
    "a line with two lone devices": ("line: scan1", "line: bus1", "site.yaml:8:40",
                                     "line 'bus1' is already used by device 'locks' (site.yaml line 6)",
                                     "give 'scanner' an address"),
    "two lines at one port": ("/dev/ttyUSB1", "/dev/ttyUSB0?baud=1200", "site.yaml:4:16",
                              "line 'scan1' is the same port as line 'bus1' (site.yaml line 3)", "share"),
    "a bad url": ("serial:///dev/ttyUSB1", "seriel:///dev/ttyUSB1", "site.yaml:4:16",
                  "a line begins with serial:, tcp:, udp: or memory:", "for example:"),
    "line and endpoint": ('endpoint: "var/mail"', 'endpoint: "var/mail", line: scan9', "site.yaml:9:41",
                          "a device has a line or an endpoint, not both", "remove one"),
    "a plugin's own key": ("address: 1,", "address: 1, puls_ms: 5,", "site.yaml:6:56",
                           "unknown key 'puls_ms'", "did you mean 'pulse_ms'?"),
    "a plugin's own limit": ("address: 1,", "address: 1, pulse_ms: 5,", "site.yaml:6:66",
                             "value must be at least 10 (found 5)", ""),
    "unknown profile": ("profile: board_8", "profile: bord_8", "site.yaml:6:65",
                        "unknown profile 'bord_8' of locker", "did you mean 'board_8'?"),
    "missing profile": (" profile: board_8,", "", "site.yaml:6:3", "'profile' is missing",
                        "add: profile: board_16"),
    "thermal missing": ("    thermal: refrigerated\n", "", "site.yaml:13:3", "'thermal' is missing",
                        "one of ambient, refrigerated, frozen, heated; there is no default"),
    "wrong thermal": ("thermal: refrigerated", "thermal: cooled", "site.yaml:14:14",
                      "'cooled' is no thermal class", "known here: ambient"),
    "wrong size": ("size: S}", "size: XXL}", "site.yaml:17:33", "'XXL' is no size", "did you mean 'XL'?"),
    "unknown product": ("product: cola", "product: coal", "site.yaml:18:56", "unknown product 'coal'",
                        "did you mean 'cola'?"),
    "terminal without reader": ("readers: [scanner]", "readers: []", "site.yaml:20:20",
                                "expected at least one reader, found an empty list", "name the readers"),
    "terminal with no readers key": ("readers: [scanner], ", "", "site.yaml:20:3",
                                     "'readers' is missing", "add: readers: [DEVICE]"),
    "unknown bank": ("banks: [main]}", "banks: [mian]}", "site.yaml:20:39", "unknown bank 'mian'",
                     "did you mean 'main'?"),
    "currency": ("currency: EUR", "currency: EURO", "site.yaml:1:65", "unknown currency 'EURO'",
                 "write an ISO 4217 code such as EUR"),
    "lower-case currency": ("currency: EUR", "currency: eur", "site.yaml:1:65",
                            "unknown currency 'eur'", "did you mean 'EUR'?"),
    "time zone": ("Europe/Berlin", "Europe/Berln", "site.yaml:1:40", "unknown time zone 'Europe/Berln'",
                  "did you mean 'Europe/Berlin'?"),
    "text where a number stands": ("name: Test", "name: 12", "site.yaml:1:23",
                                   "expected text, found 12", 'put it in quotes: "12"'),
    "unknown blueprint": ("path: parcel.yaml", "path: parcl.yaml", "site.yaml:25:35",
                          "unknown blueprint 'parcl.yaml'", "did you mean 'parcel.yaml'?"),
    "blueprint outside": ("path: parcel.yaml", "path: ../site.yaml", "site.yaml:25:35",
                          "unknown blueprint '../site.yaml'", "did you mean 'sale.yaml'?"),
    "missing input": ("input: {bank: main}", "input: {}", "site.yaml:25:48",
                      "input 'bank' is missing", "add: bank:"),
    "unknown input": ("{bank: main}", "{bank: main, hald: 1}", "site.yaml:25:68",
                      "unknown input 'hald'", "did you mean 'hold'?"),
    "null input": ("{bank: main}", "{bank: }", "site.yaml:25:62", "this input has no value", "write one"),
    "wrong selector": ("{bank: main}", "{bank: mian}", "site.yaml:25:62", "unknown bank 'mian'",
                       "did you mean 'main'?"),
    "input of a wrong unit": ("{bank: main}", "{bank: main, hold: {day: 2}}", "site.yaml:25:75",
                              "'day' is no unit of time", "did you mean 'days'?"),
    "input out of range": ("{bank: main}", "{bank: main, hold: {days: 31}}", "site.yaml:25:74",
                           "{days: 31} is too long", "write at most {days: 30}"),
    "a short token": ("!secret api_token", "abc", "site.yaml:28:18",
                      "a token of 3 characters is too short to be safe", "draw one with"),
    "unknown scope": ('[admin]', '[reed]', "site.yaml:28:46", "unknown scope 'reed'",
                      "did you mean 'read'?"),
    "unknown role of a token": ('scopes: [admin]', 'roles: [stff]', "site.yaml:28:45", "unknown role 'stff'",
                                "did you mean 'staff'?"),
    "a token for nothing": ('scopes: [admin]', 'scopes: []', "site.yaml:28:10", "token 'app' may do nothing",
                            "add: scopes: [read]"),
    "pin as a number": ("!secret pin", "4711", "site.yaml:23:63", "expected a PIN as text", "quotes"),
    "a tag that is none": ('"04a1b2c3"', '"04xx"', "site.yaml:23:45",
                           'expected a tag\'s UID, found "04xx"', "hex digits"),
    "stock of nothing": ("size: S}", "size: S, stock: 4}", "site.yaml:17:36", "a stock of nothing",
                         "add: product"),
    "unknown role": ("roles: [staff]", "roles: [staf]", "site.yaml:23:30", "unknown role 'staf'",
                     "did you mean 'staff'?"),
    "a policy that cannot be read": ("notifier: mail", "policy: {staff: all}", "site.yaml:29:10",
                                     "role 'staff' needs a list of rules", ""),
    "a section that is a list": ("supplies:\n  psu: {simultaneous: 1, gap: {milliseconds: 300}}",
                                 "supplies: [psu]", "site.yaml:10:11",
                                 "expected entries by name, found a list", "write `name: {...}`"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_site_is_answered_with_place_and_mend(site_folder, case):
    old, new, place, message, mend = CASES[case]
    found = site_folder.change(old, new).problems()
    match = [answer for answer in found if answer[0] == place and answer[1] == message]
    assert match, found
    assert mend in match[0][2]


def test_a_repeated_selection_names_the_first(site_folder):
    site_folder.change('selection: "12"', "selection: 11", "products")
    assert site_folder.problems() == [
        ("products.yaml:2:80", "selection 11 is already 'cola' (products.yaml line 1)",
         "give each product its own selection"),
    ]


def test_a_product_of_another_class_or_size_does_not_fit(site_folder):
    site_folder.change("size: S, thermal: refrigerated", "size: L, thermal: frozen", "products")
    assert [answer[:2] for answer in site_folder.problems()] == [
        ("site.yaml:18:56", "'cola' is of size L, this compartment of M"),
        ("site.yaml:18:56", "'cola' needs frozen, this bank is refrigerated"),
    ]


@pytest.mark.req("TH-01", "TH-02")
def test_the_thermal_class_of_a_bank_is_never_assumed(site_folder):
    site_folder.change("    thermal: refrigerated\n", "")
    (place, message, mend), = site_folder.problems()
    assert (place, message) == ("site.yaml:13:3", "'thermal' is missing")
    assert "ambient, refrigerated, frozen, heated; there is no default" in mend


def test_a_misspelt_section_is_one_error_and_not_many(site_folder):
    found = site_folder.change("banks:", "bank:").problems()
    assert [message for _, message, _ in found] == ["unknown key 'bank'"]


def test_a_tag_or_pin_belongs_to_one_person(site_folder):
    site_folder.change("workflows:", '  ben: {name: Ben, tags: ["04:A1:B2:C3"], pin: "4711"}\nworkflows:')
    assert [answer[:2] for answer in site_folder.problems()] == [
        ("site.yaml:24:27", "this tag already belongs to 'anna' (site.yaml line 23)"),
        ("site.yaml:24:48", "this pin already belongs to 'anna' (site.yaml line 23)"),
    ]


def test_a_circle_through_two_files_shows_its_chain(site_folder):
    site_folder.texts["products"] = "cola: !include more.yaml\n"
    site_folder.texts["more"] = "name: !include products.yaml\n"
    assert site_folder.problems()[0][:2] == (
        "more.yaml:1:7", "circular include: site.yaml -> products.yaml -> more.yaml -> products.yaml")


def test_one_run_reports_errors_of_every_section(site_folder):
    site_folder.change("currency: EUR", "currency: EURO").change("integration: thermo", "integration: termo")
    site_folder.change("size: S}", "size: Q}").change("path: parcel.yaml", "path: parcl.yaml")
    site_folder.change("!secret pin", "!secret pinn")
    assert [place for place, *_ in site_folder.problems()] == [
        "site.yaml:1:65", "site.yaml:7:26", "site.yaml:17:33", "site.yaml:23:63", "site.yaml:25:35",
    ]


def test_a_wrong_input_is_said_once_at_the_site_and_not_again_in_the_blueprint(site_folder):
    site_folder.change("{bank: main}", "{bank: main, hold: {day: 2}}")
    assert [place for place, *_ in site_folder.problems()] == ["site.yaml:25:75"]


def test_an_error_in_a_blueprint_is_placed_in_the_blueprint(site_folder):
    site_folder.change("command.cancel: done", "command.cancel: dne", "blueprints/parcel")
    places = [place for place, *_ in site_folder.problems()]
    assert places[0].startswith("parcel.yaml:13:")


def test_a_folder_without_a_site_says_how_to_begin(tmp_path):
    site, problems = load_site(tmp_path / "none", None)
    assert site is None
    assert "hub init" in problems.render()


def test_an_empty_site_file_is_answered(site_folder):
    site_folder.texts["site"] = "\n"
    assert site_folder.problems()[0][1] == "expected the sections of a site, found nothing"


def test_a_plugin_that_raises_is_a_problem_of_its_devices_alone(site_folder):
    def fail(domain):
        raise RuntimeError("boom")

    site_folder.integrations.device_schema = lambda domain: fail(domain) if domain == "locker" else {}
    site, problems = site_folder.load()
    assert site is None
    assert [(p.line, p.column, p.message) for p in problems] == [
        (6, 24, "the integration does not answer: boom"),
    ]


def test_a_running_site_leaves_out_the_devices_of_a_broken_plugin(site_folder):
    site_folder.change("integration: thermo", "integration: broken")
    site, problems = load_site(site_folder.write(), site_folder.integrations, tolerant=True)
    assert problems.render() == ""
    assert site.left_out == {"climate": "integration 'broken': import: ValueError: boom"}
    assert sorted(site.devices) == ["locks", "mail", "scanner"]
    assert site.banks["main"].thermometer == "climate"


def test_a_plugin_that_stops_answering_is_left_out_of_a_running_site(site_folder):
    def fail(domain):
        raise RuntimeError("boom")

    site_folder.integrations.device_schema = lambda domain: fail(domain) if domain == "locker" else {}
    site, problems = load_site(site_folder.write(), site_folder.integrations, tolerant=True)
    assert problems.render() == ""
    assert site.left_out == {"locks": "the integration does not answer: boom"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_mangled_site_makes_the_check_fall_over(site_folder, data):
    lines = site_folder.original.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(lines) - 1))
        words = lines[index].split(" ")
        place = data.draw(st.integers(0, len(words) - 1))
        words[place] = data.draw(st.sampled_from(("", "null", "5", "[]", "{}", "x:", "-", "!input x")))
        lines[index] = " ".join(words)
    site_folder.texts["site"] = "\n".join(lines)
    site, problems = site_folder.load()
    assert (site is None) == bool(len(problems))
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)

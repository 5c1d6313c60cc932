"""The page in front of which staff stand while a customer waits."""

from __future__ import annotations

import re

import pytest

ORDER = {
    "workflow": "parcels", "recipient": {"name": "Ada"}, "items": [{"sku": "parcel-s", "quantity": 1}],
}
BOXES = """() => [...document.querySelectorAll('.tile')].map(t => {
  const b = t.getBoundingClientRect();
  return [t.dataset.id, b.x, b.y, b.width, b.height];
})"""
#: Whatever is pushed around without being asked, but for the rows of lists that grow at their top.
SHIFTS = """() => {
  window.shifted = [];
  new PerformanceObserver(list => list.getEntries().forEach(entry => entry.sources.forEach(({node}) => {
    const part = node && (node.closest ? node : node.parentElement);
    if (part && !part.closest('.rows')) window.shifted.push(part.className || part.id || part.tagName);
  }))).observe({type: 'layout-shift', buffered: false});
}"""
#: The lowest contrast (WCAG 2.2, 1.4.3) between a visible text and what lies behind it.
CONTRAST = """() => {
  const rgb = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = c => { const l = c.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2]; };
  const behind = node => { for (let n = node; n; n = n.parentElement) {
    const c = rgb(getComputedStyle(n).backgroundColor); if (c[3] === 1) return c; } return [255, 255, 255]; };
  let worst = [99, ''];
  for (const node of document.querySelectorAll('body *')) {
    const text = [...node.childNodes].some(c => c.nodeType === 3 && c.textContent.trim());
    if (!text || !node.checkVisibility() || node.disabled) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst[0]) worst = [ratio, `${node.className} ${node.textContent}`];
  }
  return worst;
}"""


def shown_event(page) -> int:
    return int(re.sub(r"\D", "", page.inner_text("#cursor")) or 0)


def make_events(site, count: int) -> int:
    """At least `count` events, by orders that are cancelled again; returns the last one's number."""
    made = 0
    last = 0
    while made < count:
        handover = site.ask("POST", "handovers", ORDER)["id"]
        site.ask("POST", f"handovers/{handover}/cancel", {})
        events = site.ask("GET", f"handovers/{handover}/events")["events"]
        made += len(events)
        last = events[-1]["seq"]
    return last


def place_of(page, handover: str) -> str:
    return page.inner_text(f".handover[data-id='{handover}'] .place")


def close_doors(page) -> None:
    """The customer closes what is open, and the page shows that it is closed."""
    page.wait_for_selector("#open-doors button")
    while page.locator("#open-doors button").count():
        page.locator("#open-doors button").first.click()
        page.wait_for_timeout(300)


def test_every_compartment_stays_in_its_place_through_a_thousand_events(open_page, running_site):
    page = open_page()
    before = page.evaluate(BOXES)
    page.evaluate(SHIFTS)
    last = make_events(running_site, 1000)
    page.wait_for_function(f"() => document.querySelector('#cursor').textContent.endsWith(' {last}')")
    assert page.evaluate(BOXES) == before
    assert [row[0] for row in before] == [f"main/A{number}" for number in range(1, 17)]
    assert page.evaluate("() => window.shifted") == []
    assert page.locator("#events li").count() <= 200


@pytest.mark.req("WF-02", "IN-13")
def test_a_pickup_is_walked_on_the_page_alone(open_page, running_site):
    page = open_page()
    page.select_option("#order-sku", "parcel-s")
    with page.expect_response("**/api/v1/handovers") as answer:
        page.click("#order-form button")
    handover = answer.value.json()["id"]
    row = page.locator(f".handover[data-id='{handover}']")
    row.get_by_role("button", name="Load").click()
    close_doors(page)
    row.get_by_text("Ready for pickup").wait_for()
    place = place_of(page, handover)
    page.wait_for_selector("#messages img")
    page.locator("#messages .message").first.get_by_role("button", name="Key PIN").click()
    page.wait_for_selector(f".tile[data-id='main/{place}'][data-door=open]")
    assert "Thank you" in page.inner_text("#screen")
    close_doors(page)
    row.get_by_text("Collected", exact=True).wait_for()
    page.wait_for_selector(f".tile[data-id='main/{place}'][data-door=closed]")
    assert running_site.ask("GET", f"handovers/{handover}")["status"] == "completed"


@pytest.mark.req("WF-01")
def test_a_sale_is_walked_on_the_page_alone(open_page):
    page = open_page()
    page.fill("#keys", "12")
    page.click("#key-form button")
    page.get_by_text("Water 0.5 l: please pay").wait_for()
    page.locator(".handover .label", has_text="Waits for the payment").first.wait_for()
    page.click("#pay")
    close_doors(page)
    page.locator(".handover .label", has_text="Completed").first.wait_for()


def test_a_wrong_pin_is_said_on_the_screen(open_page):
    page = open_page()
    page.fill("#keys", "000000")
    page.click("#key-form button")
    page.get_by_text("This code is not known").wait_for()
    page.locator("#events .text", has_text="Refused at front").first.wait_for()


def test_an_event_opens_into_its_record(open_page):
    page = open_page()
    first = page.locator("#events details").first
    first.locator("summary").click()
    assert re.match(r"\d+ \S+/?\S* \S+\n\{", first.locator("pre").inner_text())


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_text_has_enough_contrast(open_page, running_site, dark, width):
    running_site.ask("POST", "twin/locks_a/pull", {"args": ["8"]})
    page = open_page(width=width, dark=dark)
    page.wait_for_selector(".tile[data-id='main/A8'][data-is=open]")
    ratio, text = page.evaluate(CONTRAST)
    assert ratio >= 4.5, text


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_dark_mode_follows_the_system(open_page, dark):
    page = open_page(dark=dark)
    red = int(re.search(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor")).group())
    assert (red < 60) is dark


def test_at_360_pixels_nothing_is_cut_off_and_everything_can_be_touched(open_page):
    page = open_page(width=360, height=740)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    small = page.evaluate("""() => [...document.querySelectorAll('button, input, select, summary')]
      .filter(n => n.checkVisibility())
      .map(n => [n.textContent || n.id, n.getBoundingClientRect().width, n.getBoundingClientRect().height])
      .filter(([, width, height]) => width < 44 || height < 44)""")
    assert small == []
    outside = page.evaluate("""() => [...document.querySelectorAll('.tile, button, input, select')]
      .filter(n => n.checkVisibility() && !n.closest('#open-doors'))
      .filter(n => n.getBoundingClientRect().right > 360 || n.getBoundingClientRect().left < 0)
      .map(n => n.textContent || n.id)""")
    assert outside == []


def test_a_compartment_is_reached_by_keyboard_and_tells_its_four_facts(open_page):
    page = open_page()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.id") == "main/A2":
            break
    page.keyboard.press("Enter")
    facts = page.inner_text("#detail .facts")
    assert facts.startswith("A2 door closed")
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_a_wrong_token_leads_back_to_the_sign_in(open_page):
    page = open_page(signed_in=False)
    page.fill("#token", "not-the-token-of-this-site")
    page.click("#login button")
    page.get_by_text("the token is not one of this site").wait_for()
    page.fill("#token", "demo-token-not-for-real-sites")
    page.click("#login button")
    page.wait_for_selector(".tile")


def test_the_address_does_not_keep_the_token(open_page):
    page = open_page()
    assert "token" not in page.url
    page.reload()
    page.wait_for_selector("#connection[data-state=live]")

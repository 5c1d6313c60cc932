"""A page outlives the hub: it says that the connection is lost, and goes on where it was."""

from __future__ import annotations

ORDER = {
    "workflow": "parcels", "recipient": {"name": "Ada"}, "items": [{"sku": "parcel-s", "quantity": 1}],
}


def test_the_page_goes_on_behind_its_last_event_after_a_restart(open_page, demo_site, serve_site):
    folder = demo_site()
    with serve_site(folder) as site:
        page = open_page(at=site.address)
        site.ask("POST", "handovers", ORDER)
        page.locator("#events .text", has_text="begins: parcels").first.wait_for()
    page.wait_for_selector("#connection[data-state=lost]")
    with serve_site(folder, int(site.address.rpartition(":")[2])) as site:
        page.wait_for_selector("#connection[data-state=live]")
        handover = site.ask("POST", "handovers", ORDER)["id"]
        last = site.ask("GET", f"handovers/{handover}/events")["events"][-1]["seq"]
        page.wait_for_function(f"() => document.querySelector('#cursor').textContent.endsWith(' {last}')")
        seqs = page.evaluate(
            "() => [...document.querySelectorAll('#events .event')].map(e => Number(e.dataset.seq))"
        )
        assert seqs == list(range(last, last - len(seqs), -1))
        assert page.locator(".handover").count() == 2

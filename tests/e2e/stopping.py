"""What stops payouts before they are signed, and what shows that the log of decisions was touched."""

from tests.e2e.deciding import ask, mark, says, unreloaded

WHY = "We look at strange sign-ins"
BANNER = f"All payouts are stopped for now: {WHY}"
SECONDS = 8  # of which settlement and the lanes' sweep need five: so long nothing is signed
UNSIGNED = "SELECT o.state = 'queued' AND o.tx_hash IS NULL FROM withdrawals w JOIN operations o ON o.id = w.operation_id WHERE w.id = {}"


def stop(story, people, saver, ada, aldo):
    """One that is approved and queued is kept from being signed, and goes out afterwards."""
    number, address = ask(saver, "210"), people.addresses[saver.email]
    before = story.books.on_chain(address)
    open_pages = [mark(saver)]
    _queue(story, number, ada, lambda: _stop(aldo))
    ada.page.goto("/admin/members")
    for person in (saver, ada):
        says(person, "#halt", BANNER)
    ada.page.wait_for_timeout(1000 * SECONDS)
    assert story.books.ask(UNSIGNED.format(number))[0], "it was signed while all payouts were stopped"
    assert story.books.on_chain(address) == before
    story.timeline.mark(f"all payouts were stopped after one was approved and queued: {SECONDS} s later it is not signed, and every page says why")
    open_pages.append(mark(ada))
    aldo.press("Let payouts go on")
    aldo.page.get_by_text("Payouts go on.").wait_for()
    says(saver, "#withdrawal", "It has arrived, for good")
    for person in (saver, ada):
        person.page.locator("#halt .notice").wait_for(state="detached")
    unreloaded(open_pages)
    assert story.books.on_chain(address) == before + 210
    story.timeline.mark("payouts go on: it was signed, and is final on the chain; the banner has gone by itself")


def _queue(story, number, ada, then):
    """Approved and queued while nothing at all is signed, as when a signer hangs; signing goes on after `then`."""
    story.flask("chain", "pause", "a look at the signer")
    try:
        ada.page.goto(f"/admin/payouts/{number}")
        ada.press("Approve")
        ada.page.get_by_text("Approved: it goes out.").wait_for()
        story.until(UNSIGNED.format(number))
        then()
    finally:
        story.flask("chain", "resume")


def _stop(aldo):
    aldo.page.goto("/admin/payouts")
    aldo.page.get_by_label("Why? All members read it.").fill(WHY)
    aldo.press("Stop all payouts")
    aldo.page.get_by_text("All payouts are stopped.").first.wait_for()


def alter(story):
    """One row of the log is changed past the application; the command names it, and finds nothing once it is as it was."""
    row, details = story.books.ask("SELECT number, details::text FROM audit_log WHERE action = 'withdrawal approved' ORDER BY number DESC LIMIT 1")
    _write(story, row, "{}")
    try:
        said = story.flask("audit", "log", status=1)
    finally:
        _write(story, row, details)
    assert f"row {row} of the audit log is not as it was written" in said, said
    assert "none was altered" in story.flask("audit", "log")
    story.timeline.mark(f"row {row} of the audit log was altered in the database: `flask audit log` names it, and nothing once it is restored")


def _write(story, row, details):
    assert story.books.ask("UPDATE audit_log SET details = %s::jsonb WHERE number = %s RETURNING number", details, row) == (row,)

"""To whom and where euros are paid."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.notices import kinds
from lms.domain.notices.models import Notice
from lms.domain.withdrawals import payout_details
from lms.domain.withdrawals.payout_models import PayoutDetails
from lms.errors import DomainError, Invalid

IBAN = "DE89370400440532013000"
DETAILS = dict(legal_name="Tea Teacher", street="Via Roma 1", postal_code="50100", city="Firenze", country="IT", tax_id="IT01234567890", iban=IBAN)


def bank_of(user, **changes):
    """His payout details, usable at once, in the transaction there is."""
    details = payout_details.enter(user, **DETAILS | changes)
    details.entered_at -= timedelta(days=1)
    return details


def enter(user, **changes):
    with transaction():
        return payout_details.enter(user, **DETAILS | changes)


@pytest.mark.parametrize("typed", [IBAN, "DE89 3704 0044 0532 0130 00", " de89-3704-0044-0532-0130-00 "])
def test_an_iban_is_kept_without_spaces_and_shown_grouped_or_masked(tea, typed):
    details = enter(tea, iban=typed)
    assert (details.iban, details.grouped_iban, details.masked_iban) == (IBAN, "DE89 3704 0044 0532 0130 00", "DE89 … 3000")


@pytest.mark.parametrize("typed", ["", "DE89", "DE89370400440532013001", "DE8937040044053201300", "XX89370400440532013000", "IT60X05428111010000001234567", "DE89370400440532013000é", None])
def test_an_iban_that_is_not_right_is_refused(tea, typed):
    with pytest.raises(Invalid, match="This IBAN is not right"):
        enter(tea, iban=typed)


@pytest.mark.parametrize("typed", ["IT60X0542811101000000123456", "GB29 NWBK 6016 1331 9268 19", "FR14 2004 1010 0505 0001 3M02 606"])
def test_other_countries_have_ibans_too(tea, typed):
    assert enter(tea, iban=typed).iban == typed.replace(" ", "")


@pytest.mark.parametrize("name", payout_details.LONGEST)
@pytest.mark.parametrize("text", ["", "  ", "x" * 121, "a\0b", "a\u202eb"])
def test_each_line_is_needed_and_can_be_printed(tea, name, text):
    with pytest.raises(Invalid):
        enter(tea, **{name: text})


@pytest.mark.parametrize(("name", "most"), payout_details.LONGEST.items())
def test_a_line_is_as_long_as_it_may_be_and_no_longer(tea, name, most):
    assert getattr(enter(tea, **{name: "x" * most}), name) == "x" * most
    with pytest.raises(Invalid, match=f"1 to {most} characters"):
        enter(tea, **{name: "x" * (most + 1)})


def test_lines_have_single_spaces(tea):
    assert enter(tea, legal_name="  Tea \n Teacher ").legal_name == "Tea Teacher"


@pytest.mark.parametrize("country", ["", "it", "ITA", "I1", None])
def test_a_country_is_two_letters(tea, country):
    with pytest.raises(Invalid, match="Choose a country"):
        enter(tea, country=country)


def test_a_change_is_a_row_more_and_the_newest_holds(tea):
    first = enter(tea)
    second = enter(tea, city="Pisa")
    assert payout_details.current(tea.id) is second and first.city == "Firenze"
    assert enter(tea, city="Pisa") is second
    assert db.session.query(PayoutDetails).count() == 2


def test_each_change_is_told_so_that_nobody_leads_his_money_elsewhere_unseen(tea):
    enter(tea)
    enter(tea)
    enter(tea, iban="GB33BUKB20201555555555")
    told = db.session.query(Notice).filter_by(kind="payout details").order_by(Notice.id)
    assert [notice.facts["iban"] for notice in told] == ["DE89 … 3000", "GB33 … 5555"]
    entered = db.session.query(PayoutDetails.entered_at).order_by(PayoutDetails.id)
    assert [notice.facts["usable_at"] for notice in told] == [(at + timedelta(hours=24)).isoformat() for (at,) in entered]
    assert kinds.of("payout details").is_fixed


def test_they_are_each_members_own(tea, ana):
    enter(tea)
    assert payout_details.current(ana.id) is None


@pytest.mark.parametrize("name", ["frozen_at", "suspended_at"])
def test_who_is_frozen_cannot_lead_his_money_elsewhere(tea, name):
    enter(tea)
    with transaction():
        setattr(tea, name, clock.now())
    with pytest.raises(DomainError, match="frozen"):
        enter(tea, city="Pisa")

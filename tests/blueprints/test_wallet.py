"""The wallet page."""


def test_a_new_member_sees_zero_and_that_his_address_is_being_made(ana, log_in):
    page = log_in(ana).get("/wallet").text
    assert "Your address is being made." in page
    assert "Nothing has moved yet." in page

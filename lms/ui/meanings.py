"""What a movement means, in a sentence, where its numbers do not say it."""

from lms.ui.words import gettext


def explained(reason):
    """The sentence for the ledger's word; None for one whose numbers say it."""
    match reason:
        case "matured":
            return gettext("It has matured: from now on you can use it.")
        case "repaid":
            return gettext("You owed it of a sale that was taken back. What comes next settles that first.")
        case "deposit":
            return gettext("It arrived at your address here.")
        case "staked":
            return gettext("It counts for your tier, and is locked for a while.")
        case "unstaked":
            return gettext("It counts for your tier no more, and is on its way back to you.")
        case "stake released":
            return gettext("It is out of your stake: from now on you can use it.")
        case "order placed":
            return gettext("It is set aside until the order is paid, and comes back when it is not.")
        case "order closed":
            return gettext("The order was not paid, so all of it is yours again.")
        case "refund":
            return gettext("The money of the sale went back, and with it all TEO that it brought.")
        case "charge back":
            return gettext("The buyer's bank took the money back, and with it all TEO that the sale brought.")
        case "decided anew":
            return gettext("It was decided anew who gets the TEO of this sale.")
        case "recovered":
            return gettext("Our records came back from a backup, and were brought up to what the chain holds.")
        case "stolen":
            return gettext("It left your address here without us. You do not bear the loss.")
        case "replaced":
            return gettext("It takes the place of what was stolen from your address here.")
    return _of_withdrawal(reason)


def _of_withdrawal(reason):
    match reason:
        case "withdrawal requested":
            return gettext("It is set aside until it is sent, or given back.")
        case "withdrawal on its way":
            return gettext("It is on its way to the address you named.")
        case "withdrawal cancelled":
            return gettext("You took the request back, so all of it is yours again.")
        case "withdrawal rejected":
            return gettext("The request was not approved, so all of it is yours again.")
    return None


def decided(how):
    """Who decided about the TEO of a sale."""
    words = {"policy": gettext("your policy"), "teacher": gettext("your word on this sale"), "silence": gettext("your silence within the time, and so your policy")}
    return words.get(how)

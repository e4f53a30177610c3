"""Why TEO and euros moved: the ledger's word, what people read, and a sentence for what the numbers beside it do not say."""


def N_(text):
    """Marks a text for the catalogue; who says it looks it up in the reader's language."""
    return text


MOVEMENTS = {
    "purchase": (N_("Purchase reward"), None),
    "lesson": (N_("Lesson completed"), None),
    "completion": (N_("Course finished"), None),
    "peer review": (N_("Work reviewed"), None),
    "exercise passed": (N_("Exercise passed"), None),
    "matured": (N_("Now available"), N_("It has matured: from now on you can use it.")),
    "grant": (N_("Grant"), N_("The platform gave it to you, out of its treasury.")),
    "recovered": (N_("Taken over from the chain"), N_("Our records came back from a backup, and were brought up to what the chain holds.")),
    "repaid": (N_("Owed from before, repaid"), N_("You owed it of a sale that was taken back. What comes next settles that first.")),
    "stolen": (N_("Stolen from your address"), N_("It left your address here without us. You do not bear the loss.")),
    "replaced": (N_("Replaced by the platform"), N_("It takes the place of what was stolen from your address here.")),
    "staked": (N_("Staked"), N_("It counts for your tier, and is locked for a while.")),
    "unstaked": (N_("Unstaked"), N_("It counts for your tier no more, and is on its way back to you.")),
    "stake released": (N_("Stake released"), N_("It is out of your stake: from now on you can use it.")),
    "order placed": (N_("Set aside for an order"), N_("It is set aside until the order is paid, and comes back when it is not.")),
    "order closed": (N_("Back from an order"), N_("The order was not paid, so all of it is yours again.")),
    "discount": (N_("Discount on an order"), None),
    "sale": (N_("TEO of a sale"), None),
    "sale bonus": (N_("Bonus of a sale"), None),
    "refund": (N_("Refund of an order"), N_("The money of the sale went back, and with it all TEO that it brought.")),
    "charge back": (N_("Order charged back"), N_("The buyer's bank took the money back, and with it all TEO that the sale brought.")),
    "decided anew": (N_("Decided anew"), N_("It was decided anew who gets the TEO of this sale.")),
    "deposit": (N_("Deposit"), N_("It arrived at your address here.")),
    "withdrawal requested": (N_("Withdrawal requested"), N_("It is set aside until it is sent, or given back.")),
    "withdrawal on its way": (N_("Withdrawal"), None),
    "withdrawal sent": (N_("Withdrawal sent"), None),
    "withdrawal cancelled": (N_("Withdrawal cancelled"), N_("The request was cancelled, so all of it is yours again.")),
    "withdrawal rejected": (N_("Withdrawal rejected"), N_("The request was not approved, so all of it is yours again.")),
    "withdrawal given back": (N_("Withdrawal given back"), None),
    "payout requested": (N_("Payout requested"), None),
    "payout given back": (N_("Payout given back"), None),
    "payout paid": (N_("Payout to your bank"), None),
    "payout returned": (N_("Payout sent back by your bank"), None),
}

"""What a notice says, by its kind: title, sentence, place. `%(teo)s` and `%(euros)s` are its amount; the other names are facts."""

from flask_babel import lazy_gettext as _

WORDS = {
    "password changed": (_("Your password was changed"), _("It was set on %(at)s, and every other sign-in has ended. If it was not you, set a new one at once."), "password"),
    "wallet linked": (
        _("A wallet was linked"),
        _("%(address)s can be used from %(usable_at)s. If it was not you, freeze your wallet before then and set a new password."),
        "addresses",
    ),
    "wallet frozen": (_("Your wallet is frozen"), _("Nothing leaves it and no address is linked to it until you unfreeze it."), "addresses"),
    "wallet thawed": (_("Your wallet is not frozen any more"), _("TEO can leave it again. If it was not you, freeze it and set a new password at once."), "addresses"),
    "payout details": (
        _("Your payout details were saved"),
        _("Euros you ask for go to the account %(iban)s, from %(usable_at)s on. If it was not you, freeze your wallet before then and set a new password."),
        "payout details",
    ),
    "withdrawal requested": (_("Withdrawal requested"), _("%(teo)s to %(to)s. We check it first."), "withdrawal"),
    "withdrawal in review": (_("Your withdrawal is in review"), _("%(teo)s to %(to)s wait for one of us to look at them."), "withdrawal"),
    "withdrawal approved": (_("Your withdrawal is approved"), _("%(teo)s to %(to)s go out next."), "withdrawal"),
    "withdrawal rejected": (_("Your withdrawal was rejected"), _("%(teo)s are available to you again."), "withdrawal"),
    "withdrawal cancelled": (_("Your withdrawal is cancelled"), _("%(teo)s are available to you again."), "withdrawal"),
    "withdrawal sent": (_("Your withdrawal has arrived"), _("%(teo)s are at %(to)s."), "withdrawal"),
    "withdrawal given back": (_("Your withdrawal was given back"), _("%(teo)s to %(to)s."), "withdrawal"),
    "deposit credited": (_("TEO arrived"), _("%(teo)s came to your address here and are available to you."), "wallet"),
    "order refunded": (_("Your course was refunded"), _("“%(course)s”: %(euros)s go back to you, and what the order brought you is taken back."), "order"),
    "order disputed": (_("A payment was disputed"), _("“%(course)s”: your bank has taken back %(euros)s. What the order brought you is taken back, and owed where it was spent."), "order"),
    "sale waiting": (_("A sale waits for your decision"), _("“%(course)s”: its buyer paid a part with %(tokens)s. Do you take TEO or euros for it? Decide until %(until)s; after that your share is in euros."), "decisions"),
    "sale accepted": (_("A sale is decided"), _("“%(course)s”: you take the TEO of its discount."), "sales"),
    "sale declined": (_("A sale is decided"), _("“%(course)s”: your whole share is in euros."), "sales"),
    "sale refunded": (_("A sale was refunded"), _("“%(course)s”: its buyer gave it back, and what the sale brought you is taken back."), "sales"),
    "sale disputed": (
        _("A sale was disputed"),
        _("“%(course)s”: the buyer's bank has taken the money back. The sale is reversed, and what you spent of it is owed."),
        "sales",
    ),
    "application approved": (_("You may teach"), _("Your application is approved. Write your first course."), "teach"),
    "application returned": (_("Your application needs a change"), _("Read what we ask for, then send it again."), "application"),
    "course approved": (_("Your course is published"), _("“%(course)s” can be bought from now on."), "course"),
    "course returned": (_("Your course needs a change"), _("“%(course)s” was returned to you."), "outline"),
    "coupon used up": (_("A coupon is used up"), _("Every use of %(code)s is taken."), "coupons"),
    "payout requested": (_("Payout requested"), _("%(euros)s. One of us looks at it first."), "payout"),
    "payout approved": (_("Your payout is approved"), _("%(euros)s go to your bank account next."), "payout"),
    "payout rejected": (_("Your payout was rejected"), _("%(euros)s are available to you again."), "payout"),
    "payout paid": (_("Your payout is on its way"), _("%(euros)s were sent to your bank account."), "payout"),
    "teo matured": (_("TEO became yours"), _("%(teo)s have matured and are available to you."), "wallet"),
    "reward deferred": (_("A reward waits for another day"), _("%(teo)s are above today's limit. They are not lost: you get them on %(day)s."), "wallet"),
    "stake released": (_("Your stake is released"), _("%(teo)s are available to you again."), "staking"),
    "rulebook announced": (_("New rules are announced"), _("Version %(number)s of the rulebook holds from %(from)s. What happened before stays as it was."), "rulebook"),
}

# Place → (what its link says, the pages it may be: the first one that there is is taken). A page is an endpoint and, by its argument, the fact put in.
PLACES = {
    "password": (_("Set a new password"), [("accounts.forgotten", {})]),
    "addresses": (_("Your addresses"), [("addresses.index", {})]),
    "withdrawal": (_("See the withdrawal"), [("withdrawals.show", {"withdrawal_id": "withdrawal"}), ("wallet.show", {})]),
    "wallet": (_("Your wallet"), [("wallet.show", {})]),
    "order": (_("See the order"), [("checkout.show", {"order_id": "order"}), ("checkout.index", {})]),
    "decisions": (_("Decide"), [("decisions.index", {})]),
    "sales": (_("Your sales"), [("teaching.sales", {})]),
    "teach": (_("Start teaching"), [("teaching.index", {})]),
    "application": (_("Your application"), [("applications.show", {}), ("accounts.show", {})]),
    "course": (_("See the course"), [("courses.show", {"slug": "slug"}), ("teaching.index", {})]),
    "outline": (_("Change the course"), [("teaching.show", {"slug": "slug"}), ("teaching.index", {})]),
    "coupons": (_("Your coupons"), [("coupons.index", {}), ("teaching.index", {})]),
    "payout": (_("See the payout"), [("payouts.show", {"payout_id": "payout"}), ("payouts.index", {}), ("teaching.index", {})]),
    "payout details": (_("Your payout details"), [("payouts.details", {})]),
    "staking": (_("Your stake"), [("staking.show", {})]),
    "rulebook": (_("Read the rules"), [("rulebook.version", {"number": "number"}), ("rulebook.show", {})]),
}

# Group of kinds → (its name, what it holds).
GROUPS = {
    "security": (_("Security"), _("A new password, a linked wallet, a bank account, a wallet frozen or not any more. Always on: this mail is how you notice that somebody else is at it.")),
    "wallet": (_("Wallet"), _("Withdrawals that wait, go out or are given back, and TEO that arrive.")),
    "orders": (_("Orders"), _("Refunds and disputes of what you bought.")),
    "teaching": (_("Teaching"), _("Sales that wait for you or are taken back, your application, courses approved or returned, coupons, payouts.")),
    "rewards": (_("Rewards and stake"), _("TEO that matured, and stake that is released. At most one mail a day for what matured.")),
    "rules": (_("Rulebook"), _("New rules, before they hold.")),
}

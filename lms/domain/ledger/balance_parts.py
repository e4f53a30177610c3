"""The parts of a balance: every account there is, of a member and of the platform. A new part is a line here, and a migration for its rows."""

TEO, EUR = "TEO", "EUR"
DEBT = "debt"
# name → sign: 1 never negative, -1 never positive, 0 either.
PLATFORM_ACCOUNTS = {
    TEO: {"issuance": -1, "outside": 1, "releasing": 1, "treasury": 1, "escrow": 1},
    EUR: {"cards": 0, "bank": 0, "escrow": 1, "platform": 0, "vat": 0},
}
MEMBER_ACCOUNTS = {
    TEO: {"available": 1, "maturing": 1, "staked": 1, "unbonding": 1, "reserved": 1, DEBT: -1},
    EUR: {"maturing": 1, "available": 1, "requested": 1, DEBT: -1},
}
# TEO accounts whose content an address on the chain holds.
CUSTODY = ("available", "maturing", "staked", "unbonding", "reserved")
TREASURY_CUSTODY = ("treasury", "escrow")

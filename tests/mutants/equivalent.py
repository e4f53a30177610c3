"""Mutants that no test can tell from the code, read one by one: (path, function, what stands there, what the mutant says instead): why."""

_RULEBOOK = "lms/domain/rulebook/queries.py"
_LATEST = "return rows.order_by(RulebookVersion.in_force_from.desc(), RulebookVersion.number.desc()).limit(1)"

EQUIVALENT = {
    (
        _RULEBOOK,
        "number_in_force",
        f"{_LATEST}.scalar_subquery()",
        "return rows.order_by(RulebookVersion.in_force_from.desc(), ).limit(1).scalar_subquery()",
    ): "each version begins after all before it: no two begin at once",
    (
        _RULEBOOK,
        "in_force_at",
        "versions = db.session.scalars(select(RulebookVersion).order_by(RulebookVersion.in_force_from, RulebookVersion.number)).all()",
        "versions = db.session.scalars(select(RulebookVersion).order_by(RulebookVersion.number)).all()",
    ): "each version begins after all before it: by number they are in the same order",
    (
        _RULEBOOK,
        "edition",
        "rows = db.session.scalars(select(RulebookVersion).where(RulebookVersion.number.between(middle - 1, middle + 1)))",
        "rows = db.session.scalars(select(RulebookVersion).where(RulebookVersion.number.between(middle - 2, middle + 1)))",
    ): "one row more is read, and none asks for it",
}

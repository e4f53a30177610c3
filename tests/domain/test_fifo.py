"""Which credits an amount consists of: the same as when every single millionth is moved by hand."""

from hypothesis import given
from hypothesis import strategies as st

from lms.domain.desk.fifo import Step, trace


def credit(number, amount, undoes=None):
    return Step(number, amount, True, undoes)


def taking(number, amount, undoes=None):
    return Step(number, amount, False, undoes)


def test_the_oldest_goes_first():
    assert trace([credit(1, 5), credit(2, 5), taking(3, 7)]) == [(1, 5), (2, 2)]
    assert trace([credit(1, 5), credit(2, 5), taking(3, 4), taking(4, 4)]) == [(1, 1), (2, 3)]


def test_what_is_taken_back_takes_the_very_credit_it_names():
    assert trace([credit(1, 5), credit(2, 5), taking(3, 5, undoes=2), taking(4, 5)]) == [(1, 5)]


def test_what_of_a_credit_is_there_no_more_is_taken_back_from_the_oldest():
    steps = [credit(1, 5), taking(2, 3), credit(3, 5), taking(4, 5, undoes=1)]
    assert trace(steps) == [(1, 2), (3, 3)]


def test_what_comes_back_is_as_old_as_it_was():
    steps = [credit(1, 5), credit(2, 5), taking(3, 7), credit(4, 7, undoes=3), taking(5, 8)]
    assert trace(steps) == [(1, 5), (2, 3)]


def test_more_than_what_was_taken_does_not_come_back_as_old():
    assert trace([credit(1, 5), taking(2, 5), credit(3, 8, undoes=2), taking(4, 8)]) == [(1, 5), (3, 3)]


def test_who_takes_more_than_there_is_gets_what_there_is():
    assert trace([credit(1, 5), taking(2, 7)]) == [(1, 5)]
    assert trace([]) == []


@st.composite
def histories(draw):
    """Steps of one member as the ledger may write them: he never has less than nothing. The last is one that takes."""
    steps, held, credits, takings = [], 0, [], {}
    for number in range(1, draw(st.integers(1, 40)) * 3, 3):
        if held and draw(st.booleans()):
            amount = draw(st.integers(1, held))
            steps.append(taking(number, amount, draw(st.none() | st.sampled_from(credits))))
            takings[number], held = amount, held - amount
        else:
            undoes = draw(st.none() | st.sampled_from(sorted(takings))) if takings else None
            amount = draw(st.just(takings.pop(undoes)) | st.integers(1, 30)) if undoes else draw(st.integers(1, 30))
            steps.append(credit(number, amount, undoes))
            credits, held = [*credits, number], held + amount
    if not held:
        steps, held = [*steps, credit(999, 5)], 5
    return [*steps, taking(1000, draw(st.integers(1, held)))]


@given(histories())
def test_it_is_what_moving_each_millionth_by_hand_finds(steps):
    pieces = trace(steps)
    assert sum(amount for _, amount in pieces) == steps[-1].amount
    assert pieces == by_hand(steps)


def by_hand(steps):
    """Each millionth is a coin that bears the number of its credit."""
    purse, gone = [], {}
    for step in steps:
        if step.is_credit:
            back = gone.pop(step.undoes, [])[: step.amount]
            purse = sorted(purse + back + [step.id] * (step.amount - len(back)))
        else:
            named = [coin for coin in purse if coin == step.undoes]
            order = named + [coin for coin in purse if coin != step.undoes]
            gone[step.id] = sorted(order[: step.amount])
            purse = sorted(order[step.amount :])
    return [(coin, gone[steps[-1].id].count(coin)) for coin in sorted(set(gone[steps[-1].id]))]

"""How a person is drawn until there is a picture."""


def initials(name):
    """`Grazia Rossi` → `GR`; one word gives one letter."""
    words = name.split() or ["?"]
    return "".join(word[0] for word in (words[0], *words[1:][-1:])).upper()

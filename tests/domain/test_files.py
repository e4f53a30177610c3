"""What may be uploaded is known by its content."""

import io
import zipfile
import zlib

import pytest

from lms.db import db, transaction
from lms.domain.files import actions as files
from lms.domain.files.contents import examine
from lms.domain.files.models import File
from lms.domain.files.upload_limits import LARGEST
from lms.errors import Invalid
from tests.papers import JPEG, PDF, png


def archive(*names):
    """A ZIP of zeros, which unpack to a thousand times its size."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.writestr(name, b"\0" * 1_000_000)
    return made.getvalue()


def refusal(name, data):
    with pytest.raises(Invalid) as refused:
        examine(name, data)
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [("degree.pdf", PDF, "application/pdf"), ("Degree.PDF", PDF, "application/pdf"), ("me.png", png(), "image/png"), ("me.jpeg", JPEG, "image/jpeg"), ("Zeugnis 2° è.jpg", JPEG, "image/jpeg")],
)
def test_papers_and_pictures_are_known_by_their_content(name, data, media_type):
    found = examine(name, data)
    assert (found.name, found.media_type, found.size) == (name, media_type, len(data))


@pytest.mark.parametrize(
    "data",
    [
        b"MZ\x90\0 a program",
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n cut off",
        b"%PDF-",
        archive("bomb"),
        PDF[:-6] + archive("bomb") + b"%%EOF\n",
        PDF + archive("bomb"),
        png()[:-4],
        png() + b"more",
        png().replace(b"IDAT", b"IDAU"),
        png()[:8] + zlib.compress(b"x"),
        JPEG[:-2],
        b"\xff\xd8\xff",
    ],
    ids=["program", "page", "drawing", "cut pdf", "head alone", "zip bomb", "zip in a pdf", "zip behind a pdf", "cut png", "longer png", "changed png", "no png", "cut jpeg", "head of a jpeg"],
)
@pytest.mark.parametrize("ending", ["pdf", "png", "jpg"])
def test_what_is_not_wholly_one_of_them_is_refused(data, ending):
    assert refusal(f"paper.{ending}", data) == f"paper.{ending} is not a whole PDF, PNG or JPEG file."


@pytest.mark.parametrize(("name", "data", "kind"), [("me.pdf", png(), "PNG"), ("me.png", PDF, "PDF"), ("me.png", JPEG, "JPEG"), ("me", PDF, "PDF"), ("me.pdf.exe", PDF, "PDF")])
def test_a_name_that_lies_is_refused(name, data, kind):
    assert refusal(name, data).startswith(f"{name} holds a {kind}. Give it a name that ends with ")


def test_an_empty_file_is_refused():
    assert refusal("paper.pdf", b"") == "paper.pdf is empty."


def test_five_megabytes_are_taken_and_no_byte_more():
    most = PDF[:-6] + b"\n" * (LARGEST - len(PDF)) + PDF[-6:]
    assert examine("paper.pdf", most).size == LARGEST
    assert refusal("paper.pdf", most[:-6] + b"\n" + most[-6:]) == "paper.pdf is too large. The most is 5 MB."


@pytest.mark.parametrize("name", ["../../etc/passwd.pdf", "/etc/passwd.pdf", "C:\\papers\\degree.pdf", "..\\degree.pdf", ".pdf"])
def test_a_path_is_no_name(name):
    assert refusal(name, PDF) == "The name of a file must not hold a path."


@pytest.mark.parametrize("name", ["", "   ", "a" * 117 + ".pdf", "a\nb.pdf", "a\0.pdf", "degree\u202efdp.exe.pdf"])
def test_a_name_that_cannot_be_shown_is_refused(name):
    assert refusal(name, PDF).startswith("The name of a file ")


def test_a_row_says_what_was_kept_and_is_gone_when_forgotten(ana):
    place, content = files.new_place(), examine("degree.pdf", PDF)
    with transaction():
        file = files.keep(ana.id, place, content)
    assert (file.owner_id, file.name, file.size, file.sha256) == (ana.id, "degree.pdf", len(PDF), content.sha256)
    with transaction():
        assert files.forget(file) == place
    assert db.session.query(File).count() == 0


def test_no_two_places_are_alike():
    assert len({files.new_place() for _ in range(1000)}) == 1000

"""What templates may use: static addresses, icons, money, times, covers, the member's choices, and fragments."""

from lms.ui import navigation, preferences, risk_words, simulation_words, words
from lms.ui.assets import Assets
from lms.ui.charts import scale_of, spark_of
from lms.ui.covers import cover_svg
from lms.ui.downloads import PRIVATE, download
from lms.ui.icons import icon
from lms.ui.incident_words import incident_word
from lms.ui.log_words import details_for, logged
from lms.ui.log_words import place as log_place
from lms.ui.money import euros, fine_euros, fine_teo, grouped, teo
from lms.ui.notices import said
from lms.ui.pages import page_url
from lms.ui.people import initials
from lms.ui.qr import qr_svg
from lms.ui.remember import Remember
from lms.ui.rendering import Macros, render
from lms.ui.times import deadline, exact, when, written
from lms.ui.units import percent

__all__ = ["PRIVATE", "cover_svg", "download", "euros", "icon", "init_app", "page_url", "render", "teo", "when"]


def init_app(app):
    words.init_app(app)
    assets = Assets(app)
    app.view_functions["static"] = assets.send
    preferences.init_app(app)
    navigation.init_app(app)
    app.jinja_env.add_extension(Remember)
    app.jinja_env.template_class = Macros
    filters = {"deadline": deadline, "euros": euros, "exact": exact, "fine_euros": fine_euros, "fine_teo": fine_teo, "grouped": grouped, "incident": incident_word, "initials": initials, "logged": logged, "percent": percent, "said": said, "teo": teo, "when": when, "written": written}
    filters |= {"details_for": details_for, "log_place": log_place, "risk_name": risk_words.name, "risk_sentence": risk_words.sentence, "simulated": simulation_words.verdict, "simulated_why": simulation_words.why}
    app.jinja_env.filters |= filters
    app.jinja_env.globals |= {
        "cover_svg": cover_svg,
        "deadline": deadline,
        "icon": icon,
        "page_url": page_url,
        "qr_svg": qr_svg,
        "scale_of": scale_of,
        "spark_of": spark_of,
        "static_url": assets.url,
        "when": when,
    }

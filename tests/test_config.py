"""A setting that is missing, wrong or foreign stops the start with one sentence that never holds the value."""

import base64
import re
from pathlib import Path

import pytest

from lms import config, config_values
from lms.gateways import payment_gateway

KEK, NEXT = (base64.b64encode(letter * 32).decode() for letter in (b"k", b"n"))
WEB = {
    "ENVIRONMENT": "production",
    "DATABASE_URL": "postgresql://lms:a-db-password@db.example.org/lms?sslmode=verify-full",
    "REDIS_URL": "rediss://:a-redis-password@redis.example.org/0",
    "SECRET_KEY": "a-secret-of-more-than-32-characters-indeed",
    "BASE_URL": "https://school.example.org",
    "MAIL_URL": "smtp://lms:a%20mail%20password@mail.example.org:587",
    "FILES_URL": "file:///var/lib/lms/files",
    "PAYMENT_GATEWAY": "none",
}
WORKER = {name: value for name, value in WEB.items() if name != "PAYMENT_GATEWAY"} | {
    "KEK": KEK,
    "SIGNER_FILES": "/run/signer.json",
    "RPC_URLS": "https://rpc.example.org/v2/an-api-key, https://other.example.org",
}
SIGNED = "webhooks-are-signed-with-this-32-char-secret"
METRICS = "prometheus-asks-with-this-32-char-token"


def refusal(role, environ):
    with pytest.raises(config.ConfigError) as caught:
        config.read(role, environ)
    return str(caught.value)


def test_a_web_and_a_worker_start_with_their_settings():
    assert config.read("web", WEB)["DATABASE_URL"] == "postgresql+psycopg://lms:a-db-password@db.example.org/lms?sslmode=verify-full"
    worker = config.read("worker", WORKER)
    assert worker["KEK"] == config_values.Kek(1, b"k" * 32)
    assert worker["RPC_URLS"] == ("https://rpc.example.org/v2/an-api-key", "https://other.example.org")


@pytest.mark.parametrize(("text", "millionths"), [("0.2145", 214_500), ("1", 1_000_000), ("12.000001", 12_000_001)])
def test_a_price_is_a_whole_number_of_millionths(text, millionths):
    assert config.read("web", WEB | {"POL_PRICE_EUR": text})["POL_PRICE_EUR"] == millionths


def test_a_worker_for_mail_needs_no_keys_and_no_node():
    assert "KEK" not in config.read("mail", WEB)


def test_the_command_line_takes_both_sets():
    settings = config.read("cli", WEB | WORKER)
    assert {"KEK", "PAYMENT_GATEWAY"} <= settings.keys()


def test_each_role_holds_its_own_settings_only():
    assert "KEK" not in config.read("web", WEB)
    assert "METRICS_TOKEN" not in config.read("worker", WORKER | {"METRICS_TOKEN": METRICS})


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "SECRET_KEY", "BASE_URL", "MAIL_URL", "FILES_URL"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_setting_is_named_with_its_remedy(name, value):
    environ = {key: text for key, text in WEB.items() if key != name} | ({name: value} if value is not None else {})
    assert refusal("web", environ).startswith(f"{name} is missing. Set it to ")


WRONG = [
    ("ENVIRONMENT", "staging-area"),
    ("DATABASE_URL", "sqlite:///house.db"),
    ("DATABASE_URL", "mysql://lms:hidden-word@db/lms"),
    ("REDIS_URL", "http://cache.internal"),
    ("SECRET_KEY", "too-short-secret"),
    ("BASE_URL", "school.example.org"),
    ("MAIL_URL", "mail.internal:25"),
    ("FILES_URL", "s3://bucket/files"),
    ("FILES_URL", "file:///"),
    ("CHAIN_ID", "polygon-main"),
    ("CHAIN_ID", "-137"),
    ("CHAIN_DEPTH", "5.5"),
    ("RPC_URLS", "wss://node.internal"),
    ("VAT_RATE", "22%"),
    ("POL_PRICE_EUR", "0,2145"),
    ("POL_PRICE_EUR", "-1"),
    ("POL_PRICE_EUR", "0.21453333"),
    ("LOG_LEVEL", "LOUD-ONES"),
    ("PAYMENT_GATEWAY", "paypal-like"),
    ("PAYMENT_WEBHOOK_SECRET", "short-one"),
    ("METRICS_TOKEN", "short-token"),
    ("PAYER_IBAN", "DE89370400440532013001"),
    ("PAYER_IBAN", "370400440532013000"),
    ("PAYER_BIC", "BYLADEM1001X"),
    ("PAYER_BIC", "COBA<EFF"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_refused_without_being_shown(name, value):
    sentence = refusal("web", WEB | {name: value})
    assert sentence.startswith(f"{name} has a value that cannot be used: it must be ")
    assert value not in sentence


@pytest.mark.parametrize("kek", ["not base64 at all!", "kms:alias/teo", "vault:teo", base64.b64encode(b"k" * 31).decode(), base64.b64encode(b"k" * 33).decode()])
def test_a_kek_is_32_bytes(kek):
    sentence = refusal("worker", WORKER | {"KEK": kek})
    assert sentence == "KEK has a value that cannot be used: it must be 32 bytes in base64, kms:ARN or vault:MOUNT/KEY."


def test_a_kek_that_follows_another_names_its_version():
    settings = config.read("worker", WORKER | {"KEK": f"2:{NEXT}", "KEK_OLD": KEK})
    assert [(kek.version, kek.key) for kek in config.keks(settings)] == [(2, b"n" * 32), (1, b"k" * 32)]
    assert NEXT in config.sensitive(settings) and KEK in config.sensitive(settings)
    assert "nnnn" not in repr(settings)


@pytest.mark.parametrize("kek", ["kms:arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab", "vault:transit/teo", "vault:a/mount/teo"])
def test_a_kek_may_be_kept_by_a_service(kek):
    vault = {"VAULT_ADDR": "https://vault.example.org", "VAULT_TOKEN": "hvs.a-token-of-a-vault"}
    settings = config.read("worker", WORKER | vault | {"KEK": f"2:{kek}", "KEK_OLD": KEK})
    assert settings["KEK"] == config_values.Kek(2, kek)
    assert vault["VAULT_TOKEN"] in config.sensitive(settings)


def test_a_kek_in_a_vault_needs_its_address_and_a_token():
    assert refusal("worker", WORKER | {"KEK": "vault:transit/teo", "VAULT_TOKEN": "hvs.a-token-of-a-vault"}).startswith("VAULT_ADDR or VAULT_TOKEN is missing.")


def test_two_keks_of_one_version_are_refused():
    sentence = refusal("worker", WORKER | {"KEK": NEXT, "KEK_OLD": KEK})
    assert sentence.startswith("KEK and KEK_OLD name one version twice.")


@pytest.mark.parametrize("role", ["web", "mail"])
@pytest.mark.parametrize("name", ["KEK", "KEK_OLD", "SIGNER_FILES", "VAULT_TOKEN"])
def test_a_process_that_does_not_sign_refuses_the_chains_keys(name, role):
    sentence = refusal(role, WEB | {name: KEK})
    assert sentence == f"{name} is set, but a {role} process must never hold chain keys. Remove it from the {role}'s environment."


@pytest.mark.parametrize("name", ["KEK", "SIGNER_FILES"])
def test_a_worker_without_a_key_is_refused(name):
    assert "A worker needs both to sign" in refusal("worker", {key: value for key, value in WORKER.items() if key != name})


def test_a_worker_without_a_node_is_refused():
    assert refusal("worker", WORKER | {"RPC_URLS": " , "}).startswith("RPC_URLS is missing.")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("PAYMENT_GATEWAY", "sandbox", "takes no real money"),
        ("MAIL_URL", "outbox:///var/outbox", "production sends real mail"),
        ("CLOCK_FILE", "/var/clock", "the clock cannot be moved"),
    ],
)
def test_production_refuses_what_is_for_the_demo(name, value, why):
    demo = WEB | {"PAYMENT_WEBHOOK_SECRET": SIGNED, name: value}
    assert why in refusal("web", demo)
    assert config.read("web", demo | {"ENVIRONMENT": "demo"})[name] == value


def test_a_gateway_needs_its_secret():
    for role, environ in (("web", WEB), ("worker", WORKER)):
        assert refusal(role, environ | {"ENVIRONMENT": "demo", "PAYMENT_GATEWAY": "sandbox"}).startswith("PAYMENT_WEBHOOK_SECRET is missing.")


ACCOUNT = {"PAYER_IBAN": "de89 3704 0044 0532 0130 00", "PAYER_BIC": "cobadeffxxx"}


def test_the_account_that_pays_is_kept_as_a_bank_file_names_it():
    settings = config.read("web", WEB | ACCOUNT)
    assert (settings["PAYER_IBAN"], settings["PAYER_BIC"]) == ("DE89370400440532013000", "COBADEFFXXX")


@pytest.mark.parametrize("name", ACCOUNT)
def test_an_account_is_named_whole_or_not_at_all(name):
    assert refusal("web", WEB | ACCOUNT | {name: ""}).startswith("PAYER_IBAN or PAYER_BIC is missing.")


SELLER = {"SELLER_ADDRESS": "Via Larga 1, Milano", "SELLER_TAX_ID": "IT01234567890"}
STRIPE = SELLER | {"PAYMENT_GATEWAY": "stripe", "STRIPE_KEY": "rk_live_" + "0123456789abcdefABCDEF", "PAYMENT_WEBHOOK_SECRET": "whsec_" + "0123456789abcdef" * 2}


def test_stripe_needs_its_key_where_it_is_asked_and_the_webhooks_secret_in_the_web():
    assert config.read("web", WEB | STRIPE)["STRIPE_API"] == "https://api.stripe.com"
    assert config.read("mail", WEB | STRIPE | {"PAYMENT_WEBHOOK_SECRET": ""})["STRIPE_KEY"] == STRIPE["STRIPE_KEY"]
    assert refusal("web", WEB | STRIPE | {"PAYMENT_WEBHOOK_SECRET": ""}).startswith("PAYMENT_WEBHOOK_SECRET is missing.")
    assert refusal("web", WEB | STRIPE | {"PAYMENT_WEBHOOK_SECRET": SIGNED}).startswith("PAYMENT_WEBHOOK_SECRET is none of Stripe's.")
    for role in ("web", "mail"):
        assert refusal(role, WEB | STRIPE | {"STRIPE_KEY": ""}).startswith("STRIPE_KEY is missing.")


def test_who_has_the_chains_keys_has_none_of_stripe():
    assert "STRIPE_KEY" not in config.read("worker", WORKER | STRIPE)
    assert config.read("cli", WORKER | {"PAYMENT_GATEWAY": "stripe"})["STRIPE_KEY"] == ""


@pytest.mark.parametrize("name", SELLER)
def test_who_takes_money_in_production_says_on_invoices_who_he_is(name):
    assert refusal("web", WEB | STRIPE | {name: ""}).startswith("SELLER_ADDRESS or SELLER_TAX_ID is missing.")


def test_real_money_is_taken_in_production_and_only_there():
    play = STRIPE | {"STRIPE_KEY": STRIPE["STRIPE_KEY"].replace("live", "test")}
    assert config.read("web", WEB | play | {"ENVIRONMENT": "demo"})["STRIPE_KEY"] == play["STRIPE_KEY"]
    assert "anybody pays with a test card" in refusal("web", WEB | play)
    assert "only production may" in refusal("web", WEB | STRIPE | {"ENVIRONMENT": "demo"})


IN_CLEAR = [
    ("BASE_URL", "http://school.example.org"),
    ("DATABASE_URL", "postgresql://lms@db.example.org/lms"),
    ("DATABASE_URL", "postgresql://lms@db.example.org/lms?sslmode=require"),  # whoever answers is believed
    ("DATABASE_URL", "postgresql://lms@/lms?host=db.example.org"),
    ("DATABASE_URL", "postgresql://lms@127.0.0.1,db.example.org/lms"),
    ("DATABASE_URL", "postgresql://lms@localhost/lms?hostaddr=192.0.2.7"),  # to which it connects, whatever the name
    ("REDIS_URL", "redis://redis.example.org/0"),
    ("REDIS_URL", "redis://127.example.org/0"),
    ("REDIS_URL", "redis://redis.example.org/0?host=localhost"),  # which only a database heeds
    ("RPC_URLS", "https://rpc.example.org, http://other.example.org"),
    ("SCANNER_URL", "tcp://clamav.example.org:3310"),
    ("VAULT_ADDR", "http://vault.example.org"),
]


@pytest.mark.parametrize(("name", "value"), IN_CLEAR)
def test_in_production_nothing_leaves_the_machine_in_clear_text(name, value):
    role, environ = ("worker", WORKER) if name in ("RPC_URLS", "VAULT_ADDR") else ("web", WEB)
    sentence = refusal(role, environ | {name: value})
    assert sentence.startswith(f"{name} names another machine, which is reached in clear text.") and "example.org" not in sentence
    assert config.read(role, environ | {name: value, "ENVIRONMENT": "demo"})


HERE = ["postgresql:///lms?host=/run/postgresql", "postgresql://lms@127.0.0.1:5432/lms", "postgresql://lms@localhost/lms", "postgresql://lms@[::1]/lms"]


@pytest.mark.parametrize("address", HERE)
def test_what_stays_on_the_machine_needs_no_encryption(address):
    assert config.read("web", WEB | {"DATABASE_URL": address, "REDIS_URL": "unix:///run/redis.sock"})


def test_stripes_key_does_not_travel_in_clear():
    assert refusal("web", WEB | STRIPE | {"STRIPE_API": "http://stripe.example.org"}).startswith("STRIPE_API is not reached by https")


@pytest.mark.parametrize("key", ["pk_live_" + "0123456789abcdefABCDEF", "sk_live_short", "sk_live_" + "0123456789abcdef ABCDEF"])
def test_a_key_that_is_not_stripes_secret_one_is_refused_without_being_shown(key):
    sentence = refusal("web", WEB | STRIPE | {"STRIPE_KEY": key})
    assert sentence.startswith("STRIPE_KEY has a value that cannot be used: it must be ") and key not in sentence


def test_stripes_key_and_secret_are_in_no_log():
    hidden = config.sensitive(config.read("web", WEB | STRIPE))
    assert STRIPE["STRIPE_KEY"] in hidden and STRIPE["PAYMENT_WEBHOOK_SECRET"] in hidden


def test_who_shows_pages_and_who_sends_refunds_have_the_same_gateway():
    paying = {"ENVIRONMENT": "demo", "PAYMENT_GATEWAY": "sandbox", "PAYMENT_WEBHOOK_SECRET": SIGNED}
    for gateway in (paying, STRIPE):
        names = {payment_gateway(config.read(role, WEB | gateway)).name for role in ("web", "mail")}
        assert names == {gateway["PAYMENT_GATEWAY"]}


def test_every_refusal_is_whole_sentences_on_one_line():
    sentences = [refusal("web", WEB | {name: value}) for name, value in WRONG]
    assert all(re.fullmatch(r"[A-Z].*\.", sentence) and "\n" not in sentence for sentence in sentences)


def test_what_no_log_may_hold_is_known():
    hidden = config.sensitive(config.read("worker", WORKER)) + config.sensitive(config.read("web", WEB | {"PAYMENT_WEBHOOK_SECRET": SIGNED, "METRICS_TOKEN": METRICS}))
    for text in ("a-db-password", "a-redis-password", "a%20mail%20password", "a mail password", WEB["SECRET_KEY"], KEK, SIGNED, METRICS, "/v2/an-api-key"):
        assert text in hidden


def test_a_key_of_an_rpc_endpoint_is_known_wherever_its_address_carries_it():
    urls = "https://rpc.example.org/v2/an-api-key, https://rpc.example.org/?key=another%2Dkey, https://us:a-third%20key@rpc.example.org, https://a-fourth%20key@rpc.example.org"
    hidden = config.sensitive(config.read("worker", WORKER | {"RPC_URLS": urls}))
    for text in ("/v2/an-api-key", "key=another%2Dkey", "key=another-key", "a-third%20key", "a-third key", "a-fourth%20key", "a-fourth key"):
        assert text in hidden


def test_the_readme_lists_every_setting():
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    rows = [line for line in readme.splitlines() if re.match(r"\| `[A-Z_]+` \|", line)]
    assert rows == config.table().splitlines()[2:]


def test_nothing_else_asks_the_machine_for_the_time():
    """Moments are clock.now()'s. An endpoint rests, a stream resumes, a file gets its name, who has a case open leaves it and what failed is kept by the time there is."""
    package = Path(config.__file__).parent
    askers = {path.relative_to(package).as_posix() for path in package.rglob("*.py") if re.search(r"time\.time|datetime\.now|utcnow|\.today\(", path.read_text())}
    assert askers == {"clock.py", "chain/rpc_endpoint.py", "rpc_endpoints.py", "gateways/mail.py", "blueprints/live/stream.py", "presence.py", "failed_jobs.py"}


def test_nothing_else_reads_the_environment():
    package = Path(config.__file__).parent
    readers = {path.name for path in package.rglob("*.py") if re.search(r"os\.environ|getenv", path.read_text())}
    assert readers == {"config.py"}

"""Every environment variable, its type, and who may have it. The only reader of os.environ."""

import base64
import os
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from lms import config_values as read_as

BOTH = frozenset({"web", "worker", "mail", "cli"})
WEB = frozenset({"web", "cli"})
KEYLESS = frozenset({"web", "mail", "cli"})  # who asks the payment gateway and has the uploads; of the workers the one without the chain's keys
WORKER = frozenset({"worker", "cli"})
COMMAND = frozenset({"cli"})


class ConfigError(SystemExit):
    """The start is refused. Being a SystemExit it prints its sentence, not a traceback; it never holds a value."""


REQUIRED = object()


@dataclass(frozen=True)
class Setting:
    name: str
    roles: frozenset
    parse: object
    default: object
    meaning: str
    is_key: bool = False  # or the way to one: a web process refuses to have it

    def read(self, environ):
        value = environ.get(self.name, "").strip()
        if not value:
            if self.default is REQUIRED:
                raise ConfigError(f"{self.name} is missing. Set it to {self.meaning}.")
            return self.default
        try:
            return self.parse(value)
        except ValueError as error:
            raise ConfigError(f"{self.name} has a value that cannot be used: it must be {_reason(error)}.") from None


def _reason(error):
    text = str(error)
    return "a whole number" if text.startswith("invalid literal") else text


SETTINGS = (
    Setting("ENVIRONMENT", BOTH, read_as.one_of("production", "demo", "test"), "production", "production, demo or test"),
    Setting("DATABASE_URL", BOTH, read_as.database, REQUIRED, "the PostgreSQL address, postgresql://user:password@host/name"),
    Setting("REDIS_URL", BOTH, read_as.url("redis", "rediss", "unix"), REQUIRED, "the Redis address, redis://host:6379/0"),
    Setting("SECRET_KEY", BOTH, read_as.secret, REQUIRED, "a random text of at least 32 characters that signs cookies and links"),
    Setting("BASE_URL", BOTH, read_as.url("http", "https"), REQUIRED, "the public address of the site, used in mail links"),
    Setting("MAIL_URL", BOTH, read_as.url("smtp", "smtps", "outbox"), REQUIRED, "smtp://user:password@host:port; in the demo outbox:///directory"),
    Setting("MAIL_FROM", BOTH, read_as.text, "SchoolPlatform <no-reply@example.org>", "the sender of mail"),
    Setting("FILES_URL", KEYLESS, read_as.directory, REQUIRED, "file:///directory where uploads are kept, with a backup like the database's"),
    Setting("SCANNER_URL", WEB, read_as.url("unix", "tcp"), "", "ClamAV's daemon, which looks at uploads before they are kept: unix:///run/clamav/clamd.ctl or tcp://127.0.0.1:3310; without one nobody does"),
    Setting("CHAIN_ID", BOTH, read_as.whole, 137, "the chain: 137 Polygon, 80002 Amoy, 31337 anvil"),
    Setting("CHAIN_DEPTH", BOTH, read_as.whole, 5, "the blocks after which a transaction is shown as on chain"),
    Setting("RPC_URLS", BOTH, read_as.urls, (), "RPC endpoints of the chain, separated by commas; only workers and `flask` commands call them"),
    Setting("SELLER_NAME", BOTH, read_as.text, "SchoolPlatform", "who sells, as invoices say it"),
    Setting("SELLER_ADDRESS", BOTH, read_as.text, "", "the seller's address on invoices; needed in production with a gateway"),
    Setting("SELLER_TAX_ID", BOTH, read_as.text, "", "the seller's VAT or tax number on invoices; needed in production with a gateway"),
    Setting("VAT_RATE", BOTH, read_as.whole, 0, "VAT in basis points, 2200 for 22 %"),
    Setting("LOG_LEVEL", BOTH, read_as.one_of("DEBUG", "INFO", "WARNING", "ERROR"), "INFO", "DEBUG, INFO, WARNING or ERROR"),
    Setting("CLOCK_FILE", BOTH, read_as.text, "", "demo and test only: a file with the seconds the clock is ahead"),
    Setting("PROXY_COUNT", WEB, read_as.whole, 0, "how many reverse proxies of yours stand before the web and say who asks"),
    Setting("PAYMENT_GATEWAY", BOTH, read_as.one_of("none", "sandbox", "stripe"), "none", "the payment gateway: none, stripe, or sandbox outside production; the same for web and worker"),
    Setting("PAYMENT_WEBHOOK_SECRET", BOTH, read_as.secret, "", "the secret that signs payment webhooks, whsec_… of Stripe; needed with a gateway by the web, with the sandbox by the worker, too"),
    Setting("PAYMENT_SANDBOX_FILE", BOTH, read_as.text, "", "sandbox only: the file where it keeps what it has taken, for web and worker; without one it forgets"),
    Setting("STRIPE_KEY", KEYLESS, read_as.stripe_key, "", "the secret key of Stripe, or a restricted one (README, “Payments”); of its test mode outside production"),
    Setting("STRIPE_API", KEYLESS, read_as.url("http", "https"), "https://api.stripe.com", "where Stripe is asked; in production by https only"),
    Setting("POL_PRICE_EUR", BOTH, read_as.price, None, "what a coin for gas costs in euros, such as 0.2145: admins see what a reward and a release cost"),
    Setting("PAYER_IBAN", WEB, read_as.iban, "", "the IBAN of the account, in the seller's name, that euros are paid out from: without it no bank file is exported"),
    Setting("PAYER_BIC", WEB, read_as.bic, "", "the BIC of the bank of that account"),
    Setting("METRICS_TOKEN", WEB, read_as.secret, "", "the bearer token that opens /metrics for Prometheus, at least 32 characters; without it there is no such page"),
    Setting("KEK", WORKER, read_as.kek, None, "what wraps all other keys: 32 random bytes in base64, kms:ARN or vault:MOUNT/KEY; from the second on as VERSION:KEY; worker only", is_key=True),
    Setting("KEK_OLD", WORKER, read_as.keks, (), "until `flask keys rotate` has run: what was in KEK before, separated by commas; worker only", is_key=True),
    Setting("TOKEN_ADMIN", COMMAND, read_as.address, None, "the address that administers the contract, not the signer's; needed to deploy anywhere but on anvil"),
    Setting("SETTLE_SECONDS", WORKER, read_as.whole, 60, "the seconds between two settlements; one of 200 members goes at once"),
    Setting("SETTLE_BASE_FEE", WORKER, read_as.whole, 0, "the base fee in gwei above which settlement waits for a lower one; 0 for any"),
    Setting("SETTLE_PATIENCE", WORKER, read_as.whole, 3600, "the seconds after which nothing waits for a lower base fee any longer"),
    Setting("SIGNER_FILES", WORKER, read_as.paths, (), "the signers, separated by commas: files with keys encrypted by the KEK, or kms:ARN; worker only", is_key=True),
    Setting("VAULT_ADDR", WORKER, read_as.url("http", "https"), "", "the address of the vault, when a KEK is in one; worker only"),
    Setting("VAULT_TOKEN", WORKER, read_as.text, "", "the token that lets the vault's transit engine encrypt and decrypt with that KEK; worker only", is_key=True),
)


def read(role, environ=None):
    """The settings of a web, worker, mail (a worker without keys) or cli process as a dict by name; raises ConfigError with one sentence."""
    environ = os.environ if environ is None else environ
    for setting in SETTINGS:
        if setting.is_key and role not in setting.roles and environ.get(setting.name):
            raise ConfigError(f"{setting.name} is set, but a {role} process must never hold chain keys. Remove it from the {role}'s environment.")
    values = {setting.name: setting.read(environ) for setting in SETTINGS if role in setting.roles}
    _check(role, values)
    return values


def sensitive(settings):
    """The texts in these settings that no log may hold: secrets, passwords in addresses, keys in users, paths and queries of RPC endpoints."""
    endpoints = [urlsplit(url) for url in settings["RPC_URLS"]]
    addresses = [urlsplit(settings[name]) for name in ("DATABASE_URL", "REDIS_URL", "MAIL_URL")]
    passwords = [address.password for address in addresses + endpoints if address.password]
    parts = [part for endpoint in endpoints for part in (endpoint.username, endpoint.path, endpoint.query) if part]
    keys = [base64.b64encode(kek.key).decode() for kek in keks(settings) if isinstance(kek.key, bytes)] + [settings.get("VAULT_TOKEN", "")]
    texts = [settings["SECRET_KEY"], settings.get("PAYMENT_WEBHOOK_SECRET", ""), settings.get("STRIPE_KEY", ""), settings.get("METRICS_TOKEN", ""), *keys, *passwords, *map(unquote, passwords)]
    return [text for text in [*texts, *parts, *map(unquote, parts)] if text]


def keks(settings):
    """Every version of the key encryption key in these settings, the newest first."""
    return [settings["KEK"], *settings["KEK_OLD"]] if settings.get("KEK") else []


def table():
    """All settings as the Markdown table of the README."""
    rows = ["| Variable | Who | Default | Meaning |", "|---|---|---|---|"]
    return "\n".join(rows + [f"| `{setting.name}` | {_who(setting)} | {_shown(setting.default)} | {setting.meaning} |" for setting in SETTINGS])


def _who(setting):
    return {BOTH: "both", WEB: "web", KEYLESS: "web, mail", WORKER: "worker", COMMAND: "commands"}[setting.roles]


def _shown(default):
    if default is REQUIRED:
        return "required"
    return f"`{default}`" if default not in ("", None, ()) else "none"


def _check(role, values):
    production = values["ENVIRONMENT"] == "production"
    if production and values["CLOCK_FILE"]:
        raise ConfigError("CLOCK_FILE is set, but in production the clock cannot be moved. Remove it.")
    if production and values["MAIL_URL"].startswith("outbox"):
        raise ConfigError("MAIL_URL names an outbox, but production sends real mail. Set it to an smtp:// address.")
    if production:
        _check_ways(values)
    if role == "worker" and not (values["KEK"] and values["SIGNER_FILES"]):
        raise ConfigError("KEK or SIGNER_FILES is missing. A worker needs both to sign.")
    if role == "worker" and not values["RPC_URLS"]:
        raise ConfigError("RPC_URLS is missing. Set it to the RPC endpoints of the chain, separated by commas.")
    versions = [kek.version for kek in keks(values)]
    if len(set(versions)) < len(versions):
        raise ConfigError("KEK and KEK_OLD name one version twice. Write the new KEK as VERSION:KEY with a version that none had before.")
    if any(isinstance(kek.key, str) and kek.key.startswith("vault:") for kek in keks(values)) and not (values["VAULT_ADDR"] and values["VAULT_TOKEN"]):
        raise ConfigError("VAULT_ADDR or VAULT_TOKEN is missing. A KEK in a vault needs both.")
    if bool(values.get("PAYER_IBAN")) != bool(values.get("PAYER_BIC")):
        raise ConfigError("PAYER_IBAN or PAYER_BIC is missing. A bank file names both.")
    _check_payments(role, values, production)


def _check_ways(values):
    """Whatever leaves the machine is encrypted, and for the one it is meant for."""
    remedies = {"BASE_URL": "https://", "DATABASE_URL": "?sslmode=verify-full at its end", "REDIS_URL": "rediss://", "RPC_URLS": "https://", "SCANNER_URL": "unix://", "VAULT_ADDR": "https://"}
    for name, remedy in remedies.items():
        value = values.get(name) or ()
        for each in [value] if isinstance(value, str) else value:
            if not (read_as.stays_here(each) or read_as.is_encrypted(each)):
                raise ConfigError(f"{name} names another machine, which is reached in clear text. Production refuses it: give it an address with {remedy}.")


def _check_payments(role, values, production):
    gateway = values.get("PAYMENT_GATEWAY", "none")
    if production and gateway == "sandbox":
        raise ConfigError("PAYMENT_GATEWAY is sandbox, which takes no real money. Production refuses it.")
    if gateway != "none" and not values["PAYMENT_WEBHOOK_SECRET"] and (role == "web" or gateway == "sandbox"):
        raise ConfigError("PAYMENT_WEBHOOK_SECRET is missing. Set it to the secret that signs the gateway's webhooks.")
    if production and gateway != "none" and role == "web" and not (values["SELLER_ADDRESS"] and values["SELLER_TAX_ID"]):
        raise ConfigError("SELLER_ADDRESS or SELLER_TAX_ID is missing. Invoices must say who sells.")
    if gateway == "stripe" and role in ("web", "mail"):  # a command may run with the environment of the chain's worker
        _check_stripe(role, values, production)


def _check_stripe(role, values, production):
    """Real money in production and nowhere else: a test card would buy a course, a moved clock would charge somebody."""
    if not values["STRIPE_KEY"]:
        raise ConfigError("STRIPE_KEY is missing. Set it to the secret key of Stripe.")
    if production and "_test_" in values["STRIPE_KEY"]:
        raise ConfigError("STRIPE_KEY is of Stripe's test mode, where anybody pays with a test card. Production refuses it.")
    if not production and "_live_" in values["STRIPE_KEY"]:
        raise ConfigError("STRIPE_KEY takes real money, which only production may. Set it to a key of Stripe's test mode.")
    if production and not values["STRIPE_API"].startswith("https://"):
        raise ConfigError("STRIPE_API is not reached by https, and the key does not travel without. Set it to an https:// address.")
    if role == "web" and not values["PAYMENT_WEBHOOK_SECRET"].startswith("whsec_"):
        raise ConfigError("PAYMENT_WEBHOOK_SECRET is none of Stripe's. Set it to the signing secret of its webhook endpoint, whsec_….")


if __name__ == "__main__":
    print(table())

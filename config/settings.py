"""All settings, from the environment or `.env`; every name is described in docs/settings.md."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from config import database_pool
from config.embedded import paths
from config.env import (
    BASE_DIR,
    WrongSetting,
    env_bool,
    env_int,
    env_list,
    env_required,
    env_str,
    env_url,
    secret_key,
)
from config.reactions import INCIDENT_REACTIONS
from config.schedule import BEAT_SCHEDULE, TRACKER_SCHEDULE
from config.tracker import read_tracker

VAR_DIR: Path = paths.var_dir()
# With a database of one's own this is an installation, not a trial: nothing may be guessed.
PRODUCTION = bool(env_str("DB_HOST"))

SECRET_KEY = secret_key(VAR_DIR, production=PRODUCTION)
DEBUG = env_bool("DEBUG")
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.reporting.ReportFilter"
ALLOWED_HOSTS = env_list("DJANGO_ALLOWED_HOSTS", "" if PRODUCTION else "localhost 127.0.0.1 [::1]")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")

# Apps by their AppConfig: `mailbox` alone would be the standard library's module.
INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "dispatchers.apps.DispatchersConfig",
    "towers.apps.TowersConfig",
    "mailbox.apps.MailboxConfig",
    "incidents.apps.IncidentsConfig",
    "sla.apps.SlaConfig",
    "tracker_bridge.apps.TrackerBridgeConfig",
    "demo.apps.DemoConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "django_tables2",
    "template_partials",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "config.streaming.streamed",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.guard",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- Database ---------------------------------------------------------------------------------


def _database() -> dict[str, Any]:
    pool = {"min_size": 1, "max_size": env_int("DB_POOL_SIZE", 10, least=1, most=200), **database_pool.OPTIONS}
    common = {
        "ENGINE": "django.db.backends.postgresql",
        # A database that was restarted must cost one check, not one error page for each pooled connection.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"pool": pool, **database_pool.NOTICE_LOSS},
    }
    if not PRODUCTION:
        return {**common, **paths.postgres_dsn_parts(VAR_DIR)}
    why = "DB_HOST is set"
    return {
        **common,
        "HOST": env_str("DB_HOST"),
        "PORT": env_int("DB_PORT", 5432, least=1, most=65535),
        "NAME": env_required("POSTGRES_DB", because=why),
        "USER": env_required("POSTGRES_USER", because=why),
        "PASSWORD": env_required("POSTGRES_PASSWORD", because=why),
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Broker -----------------------------------------------------------------------------------

REDIS_URL = env_url("REDIS_URL", schemes=("redis", "rediss", "unix"))
# Celery spells a socket in its own way.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://") or paths.redis_url(VAR_DIR)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A publisher must not hang on a dead broker: the row is there, beat finds it.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 2, "max_retries": 1}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

# Failures to sign in are counted here. In the database: shared by all web processes and independent of the broker;
# large, since somebody who tries many logins must not push the counts out.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "dispatch_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    # Calls of the open API, by each process for itself: they must cost no query.
    "calls": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "calls"},
}

# --- People and safety ------------------------------------------------------------------------

AUTH_USER_MODEL = "dispatchers.User"
AUTHENTICATION_BACKENDS = ["dispatchers.backend.RoleBackend"]
LOGIN_URL = "dispatchers:sign_in"
LOGIN_REDIRECT_URL = "incidents:desk"
LOGOUT_REDIRECT_URL = "dispatchers:sign_in"
# The first administrator, made by `migrate` where there is none of this name.
ADMIN_USERNAME, ADMIN_EMAIL, ADMIN_PASSWORD = (env_str(f"ADMIN_{part}") for part in ("USERNAME", "EMAIL", "PASSWORD"))
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
if not PRODUCTION:
    # Cookies know no ports: two copies on one machine would sign each other's people out.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = (f"{name}_{env_int('PORT', 8000)}" for name in ("session", "csrf"))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env_bool("COOKIES_SECURE", PRODUCTION)
if PRODUCTION:  # behind gateway/nginx.conf, which sets the header; nobody else may claim it
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
# Letters are shown in a frame of our own origin; nobody else may frame anything.
X_FRAME_OPTIONS = "SAMEORIGIN"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'self'"],
    }
}

# --- Language and time ------------------------------------------------------------------------

LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", _("Russian")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = env_str("DESK_TIME_ZONE", "Europe/Moscow")

# --- Files ------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Served from the source tree on embedded defaults; collected, hashed and compressed in production.
STATIC_ROOT = VAR_DIR / "static" if PRODUCTION else None
WHITENOISE_USE_FINDERS = not PRODUCTION
if PRODUCTION:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "config.static_storage.StaticStorage"},
    }
DATA_DIR = Path(env_str("DATA_DIR", str(VAR_DIR / "data")))
# Letters and attachments, each under the SHA-256 of its bytes.
LETTER_STORE = DATA_DIR / "letters"
BACKUP_DIR = DATA_DIR / "backups"
BACKUP_KEEP_DAYS = env_int("BACKUP_KEEP_DAYS", 14, least=1)
LOG_DIR = Path(env_str("LOG_DIR", str(VAR_DIR / "logs")))
LOG_KEEP_DAYS = env_int("LOG_KEEP_DAYS", 30, least=1)
UNJOINED_LETTER_KEEP_DAYS = env_int("UNJOINED_LETTER_KEEP_DAYS", 365, least=1)

# --- Mail -------------------------------------------------------------------------------------


def _mail_account() -> dict[str, Any] | None:
    """The desk's mailbox; None when no server is named, which switches mail off, visibly."""
    server = env_str("PARSING_EMAIL_SERVER")
    if not server:
        return None
    why = "PARSING_EMAIL_SERVER is set"
    port = env_int("PARSING_EMAIL_PORT", 993, least=1, most=65535)
    login = env_required("PARSING_EMAIL_LOGIN", because=why)
    address = env_str("PARSING_EMAIL_ADDRESS", login)
    if "@" not in address:
        raise WrongSetting("PARSING_EMAIL_ADDRESS", "the desk's e-mail address, because PARSING_EMAIL_LOGIN is not one")
    return {
        "host": server,
        "port": port,
        "ssl": env_bool("PARSING_EMAIL_SSL", port == 993),
        "starttls": env_bool("PARSING_EMAIL_STARTTLS"),
        "login": login,
        "password": env_required("PARSING_EMAIL_PSWD", because=why),
        "address": address,
        "inbox": env_str("PARSING_EMAIL_INBOX_FOLDER_NAME", "INBOX"),
        "sent": env_str("PARSING_EMAIL_SENT_FOLDER_NAME"),
    }


MAIL_ACCOUNT = _mail_account()
MAIL_POLL_SECONDS = env_int("MAIL_POLL_SECONDS", 30, least=1)
MAIL_MAX_BYTES = env_int("MAIL_MAX_BYTES", 50 * 2**20, least=2**16)
# On the very first look: N = the letters of the last N days too, 0 = all, -1 = only those that come from now on.
MAIL_FIRST_LOOK_DAYS = env_int("MAIL_FIRST_LOOK_DAYS", 30, least=-1, most=3650)
# Letters that lay there longer than this when the mailbox was connected are history: they alarm nobody.
MAIL_OLD_AFTER_HOURS = env_int("MAIL_OLD_AFTER_HOURS", 24)
# The task that takes stored letters; the watcher knows it by name only, beat finds the same rows without it.
MAIL_STORED_TASK = "incidents.tasks.take_new_mail"
# Behind: not read, or stored and not taken, for so many minutes. Then everybody is told.
MAIL_LAG_MINUTES = env_int("MAIL_LAG_MINUTES", 5, least=1)
# Addresses that are the desk itself, beside the mailbox's own.
DESK_ADDRESSES = [address.lower() for address in env_list("DESK_ADDRESSES")]
if MAIL_ACCOUNT:
    DESK_ADDRESSES.append(MAIL_ACCOUNT["address"].lower())

# --- Letters out ------------------------------------------------------------------------------

# Django's own names. Empty host: no letter leaves.
EMAIL_HOST = env_str("EMAIL_HOST")
EMAIL_PORT = env_int("EMAIL_PORT", 587, least=1, most=65535)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env_str("EMAIL_HOST_USER"), env_str("EMAIL_HOST_PASSWORD")
# TLS from the first byte; elsewhere it begins by STARTTLS.
EMAIL_USE_SSL = env_bool("EMAIL_USE_SSL", EMAIL_PORT == 465)
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", True) and not EMAIL_USE_SSL
EMAIL_TIMEOUT = env_int("EMAIL_TIMEOUT_SECONDS", 30, least=1, most=120)
# The desk's address in its letters, and the name beside it.
DEFAULT_FROM_EMAIL = env_str(
    "EMAIL_FROM",
    MAIL_ACCOUNT["address"] if MAIL_ACCOUNT else EMAIL_HOST_USER if "@" in EMAIL_HOST_USER else "dispatch@localhost",
)
if EMAIL_HOST and DEFAULT_FROM_EMAIL.lower() not in DESK_ADDRESSES:
    DESK_ADDRESSES.append(DEFAULT_FROM_EMAIL.lower())
EMAIL_FROM_NAME = env_str("EMAIL_FROM_NAME", "Диспетчерская служба")
# A whole letter with its files, as it leaves; servers refuse larger ones.
LETTER_MAX_BYTES = env_int("LETTER_MAX_MB", 25, least=1, most=200) * 2**20
# One file that people attach to a letter.
LETTER_FILE_MAX_BYTES = env_int("LETTER_FILE_MAX_MB", 15, least=1, most=200) * 2**20
# The files of an incident that go along with the letter that hands it over.
NOTICE_FILES_MAX_BYTES = env_int("NOTICE_FILES_MAX_MB", 10, most=100) * 2**20
# A letter from the card waits so long before it leaves, and may be taken back; 0: it leaves at once.
SEND_UNDO_SECONDS = env_int("SEND_UNDO_SECONDS", 20, most=300)
# A letter written for later stays, and its writer is told, when somebody outside has written since.
HOLD_PLANNED_LETTERS = env_bool("HOLD_PLANNED_LETTERS", True)
# Letters in a minute that the server takes; 0: as many as there are.
EMAIL_PER_MINUTE = env_int("EMAIL_PER_MINUTE", 0)
# Put a copy of each letter into the mailbox's Sent folder, where the server does not do it itself.
EMAIL_KEEP_COPIES = env_bool("EMAIL_KEEP_COPIES")
# Authorities of the company's own that vouch for mail servers, in PEM, beside those of the system.
EMAIL_CA_FILE = env_str("EMAIL_CA_FILE")
# Whom programs of the desk may write to, and how often; see mailbox.answering.
ANSWER_CLOSED = env_bool("ANSWER_CLOSED", True)
AUTO_ANSWER_PER_SENDER_MINUTES = env_int("AUTO_ANSWER_PER_SENDER_MINUTES", 60, least=1)
AUTO_ANSWERS_PER_INCIDENT_DAY = env_int("AUTO_ANSWERS_PER_INCIDENT_DAY", 4, least=1)
AUTO_ANSWERS_PER_HOUR = env_int("AUTO_ANSWERS_PER_HOUR", 200, least=1)

# --- Alerts -----------------------------------------------------------------------------------

# The people who keep Dispatch running: told by Telegram and by letter when mail does not come.
TG_API_URL = env_url("TG_API_URL") or "https://api.telegram.org"
TG_TOKEN = env_str("TG_TOKEN")
TG_CHATS = env_list("TG_DEFAULT_USER_ID")
ALERT_EMAILS = env_list("ALERT_EMAILS", ADMIN_EMAIL)
# Where people open the desk: links of messages outside it lead there; without it they have none.
DESK_URL = env_url("DESK_URL") or ("" if PRODUCTION else f"http://localhost:{env_int('PORT', 8000)}")
# An incident that nobody has for so long is told to the shift.
UNASSIGNED_WARN_MINUTES = env_int("UNASSIGNED_WARN_MINUTES", 15, least=1)
# When managers get the letter about the week before, desk time: 1 is Monday, 0 is never.
SLA_WEEKLY_WEEKDAY = env_int("SLA_WEEKLY_WEEKDAY", 1, most=7)
SLA_WEEKLY_HOUR = env_int("SLA_WEEKLY_HOUR", 8, most=23)

# --- Registry ---------------------------------------------------------------------------------

TOWERSTORE = {
    "poles": env_url("TS_POLES_TL_URL"),
    "contractors": env_url("TS_AVR_REPORT_URL"),
    "stations": env_url("TS_BS_REPORT_URL"),
}
TOWERSTORE_TIMEOUT = env_int("TS_TIMEOUT_SECONDS", 120, least=1)
TOWERSTORE_MAX_BYTES = env_int("TS_MAX_BYTES", 300 * 2**20, least=1024)
TOWERSTORE_LEAST_SHARE = env_int("TS_LEAST_SHARE_PERCENT", 80, most=100)
TOWERSTORE_MOST_GONE = env_int("TS_MOST_GONE", 2000)
DEFAULT_CONTRACTOR_EMAILS = env_list("DEFAULT_CONTRACTOR_EMAILS")

# --- Maps -------------------------------------------------------------------------------------

# Pictures of a map under the poles; without them the map is rings and points.
MAP_TILES = env_url("MAP_TILES")
if MAP_TILES and not all(part in MAP_TILES for part in ("{z}", "{x}", "{y}")):
    raise WrongSetting("MAP_TILES", "an address with {z}, {x} and {y} in it")
MAP_ATTRIBUTION = env_str("MAP_ATTRIBUTION")
if MAP_TILES:
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["img-src"].append("{0.scheme}://{0.netloc}".format(urlsplit(MAP_TILES)))
# Where "open the map" leads.
MAP_LINK = env_url("MAP_LINK") or "https://yandex.ru/maps/?pt={lon},{lat}&z=14&l=map"

# --- Incidents --------------------------------------------------------------------------------

INCIDENT_PREFIX = env_str("INCIDENT_PREFIX", "NT")
INCIDENT_FIRST_NUMBER = env_int("INCIDENT_FIRST_NUMBER", 100001, least=1)
# A letter into a closed incident joins it; from this many letters after closing on, the incident opens again.
REOPEN_AT_LETTER = env_int("REOPEN_AT_LETTER", 2, least=1)
# How long after the letter that it is closed one may object; the letter names the moment.
OBJECT_WITHIN = timedelta(hours=env_int("OBJECT_WITHIN_HOURS", 72, least=1))
# From this many letters within an hour on, an incident takes letters quietly: no unread mark, no move to the top.
LETTERS_PER_INCIDENT_HOUR = env_int("LETTERS_PER_INCIDENT_HOUR", 60, least=1)
# More letters of one address are kept without incident: several times the busiest hour of a whole desk.
INCIDENTS_PER_SENDER_HOUR = env_int("INCIDENTS_PER_SENDER_HOUR", 300, least=1)
# Open incidents this near and this young may be the same outage.
NEIGHBOUR_KM = env_int("NEIGHBOUR_KM", 15, least=1, most=200)
NEIGHBOUR_HOURS = env_int("NEIGHBOUR_HOURS", 6, least=1, most=72)
# From so many incidents on, within 30 or 90 days, a site is chronic.
CHRONIC_REPEATS_MONTH = env_int("CHRONIC_REPEATS_MONTH", 3, least=2)
CHRONIC_REPEATS_QUARTER = env_int("CHRONIC_REPEATS_QUARTER", 6, least=2)

# (incident, now) -> when the contractor's time would be over if he got the job now.
CONTRACTOR_DEADLINE = "sla.expecting.contractor_deadline"
# What apps further down make of the rows of `manage.py make_bulk`.
AFTER_MAKE_BULK = ["sla.bulk_clocks.fill", "sla.figures.rebuilding.rebuild"]

# --- Mirror -----------------------------------------------------------------------------------

# None: there is no mirror, and nothing of it is to be seen.
TRACKER = read_tracker()
if TRACKER:
    INCIDENT_REACTIONS = INCIDENT_REACTIONS | {"*": ["tracker_bridge.reactions.note"]}
    CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE | TRACKER_SCHEDULE

# --- API --------------------------------------------------------------------------------------

API_OPEN = env_bool("API_OPEN", True)
API_CALLS_PER_MINUTE = env_int("API_CALLS_PER_MINUTE", 600)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    # Whose calls are counted: as our gateway saw them; nobody may claim another address for each call.
    "NUM_PROXIES": 1 if PRODUCTION else 0,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Dispatch",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- Pages and logs ---------------------------------------------------------------------------

DJANGO_TABLES2_TEMPLATE = "django_tables2/table.html"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname:<7} {name}: {message}", "style": "{"}},
    "filters": {"repeats": {"()": "config.repeats.Repeats"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["repeats"]}},
    "root": {"handlers": ["console"], "level": env_str("LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "imapclient": {"level": "WARNING"},
        # Below that it writes addresses of requests, and Telegram's hold its token.
        "urllib3": {"level": "WARNING"},
    },
}

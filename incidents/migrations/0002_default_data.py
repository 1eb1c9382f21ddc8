"""Statuses, the steps between them, incident types, and the sequence of incident numbers."""

from datetime import timedelta

from django.db import migrations

# key, Russian, English, class, icon, starts the contractor's clock, stops it
STATUSES = [
    ("new", "Новый", "New", "start", "circle-dashed", False, False),
    ("inProgress", "В работе", "In progress", "active", "progress", False, False),
    ("error", "Ошибка", "Error", "paused", "alert-triangle", False, False),
    (
        "needAcceptance",
        "Ждем подтверждения",
        "Waiting for confirmation",
        "paused",
        "player-pause",
        False,
        False,
    ),
    ("naGeneraciiNb", "На генерации НБ", "On our generator", "paused", "bolt", False, True),
    (
        "uvedomlaemOperatora",
        "Уведомляем оператора",
        "Notifying the operator",
        "sending",
        "send",
        False,
        False,
    ),
    (
        "uvedomiliOperatora",
        "Уведомили оператора",
        "Operator notified",
        "active",
        "message-check",
        False,
        False,
    ),
    (
        "peredatPodradciku",
        "Передать подрядчику",
        "Hand over to the contractor",
        "sending",
        "send",
        False,
        False,
    ),
    (
        "peredanoPodradciku",
        "Передано подрядчику",
        "Handed over to the contractor",
        "active",
        "tool",
        True,
        False,
    ),
    ("uvedomitOZakrytii", "Уведомить о закрытии", "Notify of closing", "sending", "send", False, False),
    (
        "uvedomiliOZakrytii",
        "Уведомили о закрытии",
        "Notified of closing",
        "active",
        "message-check",
        False,
        True,
    ),
    ("closed", "Закрыт", "Closed", "end", "circle-check", False, True),
]

# From (None = any open status), to in the order they are offered.
STEPS = [
    ("new", ["inProgress"]),
    (
        "inProgress",
        ["uvedomlaemOperatora", "uvedomiliOperatora", "peredatPodradciku", "naGeneraciiNb", "closed"],
    ),
    ("uvedomlaemOperatora", ["uvedomiliOperatora"]),
    (
        "uvedomiliOperatora",
        [
            "peredatPodradciku",
            "peredanoPodradciku",
            "uvedomitOZakrytii",
            "uvedomiliOZakrytii",
            "naGeneraciiNb",
        ],
    ),
    ("peredatPodradciku", ["peredanoPodradciku"]),
    ("peredanoPodradciku", ["uvedomitOZakrytii", "naGeneraciiNb", "closed", "needAcceptance"]),
    ("needAcceptance", ["inProgress", "uvedomitOZakrytii", "uvedomiliOZakrytii"]),
    ("naGeneraciiNb", ["uvedomitOZakrytii", "closed", "inProgress"]),
    ("uvedomitOZakrytii", ["uvedomiliOZakrytii"]),
    ("uvedomiliOZakrytii", ["closed", "naGeneraciiNb"]),
    ("error", ["inProgress"]),
    ("closed", ["inProgress"]),
    (None, ["needAcceptance", "error"]),
]
# Leaving “closed” and saying “error” by hand need words.
WITH_REASON = {("closed", "inProgress"), (None, "error")}

TYPES = [
    ("access", "Запрос на организацию доступа к объекту", "Access to the site", 2880),
    ("power-own", "Авария по питанию от сотрудника НБ", "Power failure reported by our staff", 1440),
    ("destruction", "Угроза гибели / гибель объекта", "Site destroyed or about to be", 240),
    ("power-msk", "Авария по питанию для МСК", "Power failure, Moscow", 240),
    ("power-rf", "Авария по питанию РФ", "Power failure, other regions", 1440),
    ("fibre", "Авария ВОЛС", "Fibre failure", 1440),
    ("authorities", "Инцидент / запрос гос. органов", "Incident or request of the authorities", 1440),
]


def create(apps, schema_editor):
    Status = apps.get_model("incidents", "Status")
    Transition = apps.get_model("incidents", "Transition")
    IncidentType = apps.get_model("incidents", "IncidentType")
    statuses = {None: None}
    for position, (key, ru, en, status_class, icon, hands_over, finishes) in enumerate(STATUSES):
        statuses[key] = Status.objects.create(
            key=key,
            name_ru=ru,
            name_en=en,
            status_class=status_class,
            icon=icon,
            hands_over=hands_over,
            finishes_contractor=finishes,
            position=position,
        )
    for from_key, to_keys in STEPS:
        for position, to_key in enumerate(to_keys):
            Transition.objects.create(
                from_status=statuses[from_key],
                to_status=statuses[to_key],
                needs_reason=(from_key, to_key) in WITH_REASON,
                # Steps allowed from anywhere stand behind a status's own.
                position=position + (50 if from_key is None else 0),
            )
    for position, (key, ru, en, minutes) in enumerate(TYPES):
        IncidentType.objects.create(key=key, name_ru=ru, name_en=en, sla=timedelta(minutes=minutes), position=position)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE incidents_incident_number AS bigint", "DROP SEQUENCE incidents_incident_number"
        ),
        # Going back drops the tables themselves, so there is nothing to take out again.
        migrations.RunPython(create, migrations.RunPython.noop),
    ]

"""The queue as the customer has set it up: statuses, steps, fields, people."""

from __future__ import annotations

from collections.abc import Mapping

from demo.tracker.records import Field, Status, Step, User

# Setting that names the key, key by default, name, type as Tracker has it.
STATUSES = (
    ("", "open", "Открыт", "new"),
    ("", "new", "Новый", "new"),
    ("", "inProgress", "В работе", "inProgress"),
    ("", "error", "Ошибка", "paused"),
    ("", "needAcceptance", "Ждем подтверждения", "paused"),
    ("YT_ON_GENERATION_STATUS_KEY", "naGeneraciiNb", "На генерации НБ", "paused"),
    ("YT_NOTIFY_OPERATOR_ISSUE_IN_WORK_STATUS_KEY", "uvedomlaemOperatora", "Уведомляем оператора", "inProgress"),
    ("YT_NOTIFIED_OPERATOR_ISSUE_IN_WORK_STATUS_KEY", "uvedomiliOperatora", "Уведомили оператора", "inProgress"),
    ("YT_NOTIFY_AVR_CONTRACTOR_IN_WORK_STATUS_KEY", "peredatPodradciku", "Передать подрядчику", "inProgress"),
    ("YT_NOTIFIED_AVR_CONTRACTOR_IN_WORK_STATUS_KEY", "peredanoPodradciku", "Передано подрядчику", "inProgress"),
    ("YT_NOTIFY_OPERATOR_ISSUE_CLOSED_STATUS_KEY", "uvedomitOZakrytii", "Уведомить о закрытии", "inProgress"),
    ("YT_NOTIFIED_OPERATOR_ISSUE_CLOSED_STATUS_KEY", "uvedomiliOZakrytii", "Уведомили о закрытии", "inProgress"),
    ("", "closed", "Закрыт", "done"),
)
# From a status to those that it may become; "*" is any.
STEPS = {
    "*": ("error", "needAcceptance"),
    "open": ("new", "inProgress"),
    "new": ("inProgress",),
    "error": ("inProgress",),
    "inProgress": ("uvedomlaemOperatora", "uvedomiliOperatora", "peredatPodradciku", "naGeneraciiNb", "closed"),
    "uvedomlaemOperatora": ("uvedomiliOperatora",),
    "uvedomiliOperatora": (
        *("peredatPodradciku", "peredanoPodradciku", "uvedomitOZakrytii", "uvedomiliOZakrytii", "naGeneraciiNb"),
    ),
    "peredatPodradciku": ("peredanoPodradciku",),
    "peredanoPodradciku": ("naGeneraciiNb", "closed", "uvedomitOZakrytii"),
    "needAcceptance": ("inProgress", "uvedomitOZakrytii", "uvedomiliOZakrytii"),
    "naGeneraciiNb": ("closed", "uvedomitOZakrytii", "inProgress"),
    "uvedomitOZakrytii": ("uvedomiliOZakrytii",),
    "uvedomiliOZakrytii": ("closed", "naGeneraciiNb"),
    "closed": ("inProgress",),
}
# Setting that names the id, id by default, name, type.
GLOBAL_FIELDS = (
    ("YT_DATABASE_ID_GLOBAL_FIELD_ID", "incidentDbId", "Номер в базе", "integer"),
    ("YT_EMAILS_IDS_GLOBAL_FIELD_ID", "emailIds", "Письма", "string"),
    ("YT_POLE_NUMBER_GLOBAL_FIELD_ID", "poleNumber", "Шифр опоры", "string"),
    ("YT_BASE_STATION_GLOBAL_FIELD_ID", "baseStation", "Номер БС", "string"),
    ("YT_EMAIL_DATETIME_GLOBAL_FIELD_ID", "emailDatetime", "Время первого письма", "datetime"),
    ("YT_IS_NEW_MSG_GLOBAL_FIELD_ID", "isNewMessage", "Новое сообщение", "string"),
    ("YT_SLA_DEADLINE_GLOBAL_FIELD_ID", "slaDeadline", "Срок SLA", "datetime"),
    ("YT_IS_SLA_EXPIRED_GLOBAL_FIELD_ID", "isSlaExpired", "Статус SLA", "string"),
    ("YT_OPERATOR_NAME_GLOBAL_FIELD_NAME", "operatorName", "Оператор", "string"),
    ("YT_AVR_NAME_GLOBAL_FIELD_ID", "avrName", "Подрядчик по АВР", "string"),
)
OF_TRACKER = (
    ("summary", "Задача", "string"),
    ("description", "Описание", "text"),
    ("type", "Тип", "issuetype"),
    ("priority", "Приоритет", "priority"),
    ("assignee", "Исполнитель", "user"),
    ("followers", "Наблюдатели", "array"),
    ("tags", "Теги", "array"),
    ("resolution", "Резолюция", "resolution"),
    ("emailFrom", "Отправитель", "string"),
    ("emailTo", "Получатели", "array"),
    ("emailCc", "Копии", "array"),
)
LOCAL_FIELD = "66b1aa00bb11cc22dd33ee44--typeOfProblem"
TYPES_OF_PROBLEM = (
    "Запрос на организацию доступа к объекту",
    "Авария по питанию от сотрудника НБ",
    "Угроза гибели / гибель объекта",
    "Авария по питанию для МСК",
    "Авария по питанию РФ",
    "Авария ВОЛС",
    "Инцидент / запрос гос. органов",
)
ROBOT = User("8000000000000007", "robot-dispatch", "Робот Диспетчер", "robot@tower.example")
TRIGGERS = User("8000000000000001", "yndx-tracker-cnt-robot", "Робот Трекера", "tracker@tower.example")
PEOPLE = (
    User("8000000000000009", "anna", "Анна К.", "anna@tower.example"),
    User("8000000000000010", "oleg", "Олег Л.", "oleg@tower.example"),
    User("8000000000000011", "gone", "Бывший сотрудник", "gone@tower.example", dismissed=True),
)


def statuses(env: Mapping[str, str]) -> list[Status]:
    return [Status(str(number), key, name, kind) for number, (key, name, kind) in enumerate(_keys(env), start=1)]


def steps(env: Mapping[str, str]) -> list[Step]:
    """The ways between statuses, under the keys that the settings give them."""
    renamed = {default: env.get(setting) or default for setting, default, _, _ in STATUSES}
    names = {key: name for key, name, _ in _keys(env)}
    return [
        Step(
            f"to-{renamed[target]}" if source == "*" else f"{renamed[source]}-{renamed[target]}",
            names[renamed[target]],
            None if source == "*" else renamed[source],
            renamed[target],
        )
        for source, targets in STEPS.items()
        for target in targets
    ]


def fields(env: Mapping[str, str], queue: str) -> list[Field]:
    local = env.get("YT_TYPE_OF_INCIDENT_LOCAL_FIELD_ID") or LOCAL_FIELD
    return [
        *(Field(key, key, name, kind) for key, name, kind in OF_TRACKER),
        *(Field(ident, ident, name, kind) for ident, name, kind in _global(env)),
        Field(
            local if "--" in local else f"66b1aa00bb11cc22dd33ee44--{local}",
            local.rpartition("--")[2],
            "Тип проблемы",
            "string",
            options=list(TYPES_OF_PROBLEM),
            queue=queue,
        ),
    ]


def _keys(env: Mapping[str, str]) -> list[tuple[str, str, str]]:
    return [(env.get(setting) or key, name, kind) for setting, key, name, kind in STATUSES]


def _global(env: Mapping[str, str]) -> list[tuple[str, str, str]]:
    return [(env.get(setting) or ident, name, kind) for setting, ident, name, kind in GLOBAL_FIELDS]

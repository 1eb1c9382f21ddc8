"""The words that announce a station or a pole, and those whose numbers are never evidence.

Add a word here when letters name sites, or other things, in a way not yet known.
"""

from __future__ import annotations

import re
from enum import Enum

from towers.matching.spelling import plain


class Says(Enum):
    """What the surroundings say about a number."""

    NOTHING = 0
    STATION = 1
    POLE = 2
    OUTAGE = 3
    """The line is about a power failure or a request: enough for 30-175, not for 18972."""
    DECOY = 4


def stems(text: str) -> tuple[str, ...]:
    """Words in the folded spelling that texts are compared in."""
    return tuple(plain(text).split())


_STATION = frozenset(stems("бс bs бтс bts enb enodeb nodeb gnb gnodeb site siteid bsid bsname pl поз"))
_STATION_STEMS = stems("базов станци площадк позици объект сайт basestation")
_POLE = frozenset(stems("амс ams шифр шифра шифру шифром pole tower polecode"))
_POLE_STEMS = stems("опор башн мачт столб")
_OUTAGE = frozenset(stems("вэс авр эп эпу электроэнергии энергии"))
_OUTAGE_STEMS = stems("авари отключ отсутств питани контрагент обесточ просто недоступ заявк пропал")
_DECOY = frozenset(
    stems(
        "тел моб сот факс доб вн внутр ext tel phone fax mob mobile инн кпп огрн огрнип окпо оквэд "
        "бик дог сч исх вх inc sd im ritm req tt тт wo crq chg акт акта акту ту фз гост пс тп ктп "
        "ктпн бктп ртп рп зтп црп вл кл лэп влэп яч фид корп оф каб кв pin код коду дом дома ул улица "
        "шоссе индекс офис лс po order invoice ticket incident case contract"
    )
)
_DECOY_STEMS = stems(
    "телефон добавочн внутренн договор контракт счет накладн инцидент тикет обращени приказ "
    "протокол распоряжен квартир кабинет паспорт лицензи пароль сумм прибор подстанц фидер ячейк "
    "соглашен приложени верси письм наряд почтов лицев корпус строени домофон абонентск кадастр "
    "полис реестр платеж квитанц мощност"
)
DECOY_NEXT = frozenset(stems("от до с т ф д г после около более менее"))
"""These speak only of the number right after them."""
NUMBER = frozenset(stems("n no nr номер номера номеру номером num number"))
FILLER = NUMBER | frozenset(
    stems(
        "id name для на по за в к у о и или а the of is мегафон билайн мтс теле2 т2 tele2 пао ооо ао "
        "оао зао оператора оператор operator наш наша нашей наименование название мобильной связи "
        "сотовой"
    )
)
ABBREVIATED = frozenset(stems("поз ст пл об баз тел дог моб доб вн сч исх вх инв стр корп оф каб кв факс внутр"))
PREPOSITION = frozenset(stems("по на для в"))
REQUEST = stems("заявк инцидент обращени тикет наряд письм ticket incident")
"""`Request No 18972` is the request's own number; `request for 30-175` names a site."""
CONTRACT = stems("договор контракт счет накладн соглашен приложени дог инн кпп огрн invoice")
CALLS_STATION = stems("бс бтс bts enodeb станция станции сайт site")
UNITS = stems("руб квт вт км шт абон чел мин час сут")

_LABELS = sorted(
    stems("бс бтс bs bts enb site сайт амс опора опоры опоре шифр площадка площадке объект позиция номер n pl станция"),
    key=len,
    reverse=True,
)
_GLUED_LABEL = re.compile(rf"({'|'.join(map(re.escape, _LABELS))})(?=[A-Z]{{0,3}}[0-9])")


def word_says(word: str) -> Says:
    """What one folded word announces."""
    if word in _STATION or word.startswith(_STATION_STEMS):
        return Says.STATION
    if word in _POLE or word.startswith(_POLE_STEMS):
        return Says.POLE
    if word in _DECOY or word.startswith(_DECOY_STEMS):
        return Says.DECOY
    if word in _OUTAGE or word.startswith(_OUTAGE_STEMS):
        return Says.OUTAGE
    return Says.NOTHING


def strip_label(run: str) -> tuple[str, str]:
    """A label glued to the front of a code, and the code: БС18972 is БС and 18972."""
    found = _GLUED_LABEL.match(run)
    return (found[1], run[found.end() :]) if found else ("", run)


def is_label(run: str) -> bool:
    """Whether a run is nothing but a label of a site."""
    return run in _LABELS

"""What the words around a number say it is: a station, a pole, or something that is never evidence."""

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


def _words(text: str) -> frozenset[str]:
    return frozenset(plain(text).split())


def _stems(text: str) -> tuple[str, ...]:
    return tuple(plain(text).split())


_STATION = _words(
    "бс bs бтс bts enb enodeb nodeb gnb gnodeb site siteid bsid bsname pl поз позиция"
)
_STATION_STEMS = _stems("базов станци площадк позици объект сайт basestation")
_POLE = _words("амс ams шифр шифра шифру pole tower столб столба столбе polecode")
_POLE_STEMS = _stems("опор башн мачт")
_OUTAGE = _words("вэс авр эп эпу эс электроэнергии")
_OUTAGE_STEMS = _stems("авари отключ отсутств питани контрагент обесточ просто недоступ заявк")
_DECOY = _words(
    "тел моб сот факс доб вн внутр ext tel phone fax mob mobile инн кпп огрн огрнип окпо оквэд бик "
    "инд дог сч исх вх inc sd im ritm req tt тт wo crq chg id_заявки акт акта акту ту фз гост "
    "пс тп ктп ктпн бктп ртп рп зтп црп вл кл лэп яч фид корп оф каб кв р/с к/с pin код коду "
    "дом дома ул улица шоссе индекс офис № лс po order invoice ticket incident case contract"
)
_DECOY_STEMS = _stems(
    "телефон добавочн внутренн договор контракт счет накладн инцидент тикет обращени приказ "
    "протокол распоряжен квартир кабинет паспорт лицензи пароль сумм прибор подстанц электросчет "
    "фидер ячейк соглашен приложени верси письм наряд почтов лицев корпус строени домофон "
    "абонентск кадастр полис реестр платеж квитанц мощност"
)
# These speak only of the number right after them.
_DECOY_NEXT = _words("от до с c т ф д г сумма версия после около более менее пин")
_FILLER = _words(
    "n no nr номер номера номеру номером num number id name код_бс на по за в к у о и или а the of is "
    "мегафон билайн мтс теле2 т2 tele2 пао ооо ао оао зао оператора оператор operator наш наша нашей "
    "наименование название мобильной связи сотовой"
)
_ABBREVIATED = _words("поз ст пл об баз тел дог моб доб вн сч исх вх инв стр корп оф каб кв факс")
_LIST = frozenset(",;/+|")
_NUMBER = _words("n no nr номер номера номеру номером num number")
_REQUEST = _stems("заявк")
_TELLING = (Says.STATION, Says.POLE, Says.DECOY)
_BAR = re.compile(r"[\t|]")
_GAPPED = re.compile(r"\S+(?: \S+)*")
_UNITS = "|".join(_stems("руб квт км шт абон чел"))
_TOUCHED_BEFORE = re.compile(r"[0-9][.,:]$|[+@$€]$|\+[0-9] ?$|[0-9]\) ?$")
_PHONE_BEFORE = re.compile(r"[0-9] $")
_TOUCHED_AFTER = re.compile(
    r"[.,][0-9]{1,2}(?![0-9-])|[.,][0-9]{6}|:[0-9]|@|/(?:19|20)?[0-9]{2}(?![0-9-])|"
    rf"[ ][0-9]{{2}}(?:[ -][0-9]{{2}})+(?![0-9])|\s?[%°₽]|\s?(?:{_UNITS})\b"
)
_CONTRACT = re.compile(
    rf"(?:{'|'.join(_stems('договор контракт счет накладн соглашен приложени дог инн кпп огрн'))})[^\W\d]*"
    rf"(?: [^\W\d]+)?[ .:№#]*(?:N|NO|{plain('номер')})?[ .:№#]*$"
)
_BS = re.compile(
    rf"(?:{'|'.join(_stems('бс бтс bts enodeb станция станции сайт site'))})[ .:№#N-]*$"
)
_MAIL_TAIL = re.compile(r"[^\s@<>()\[\],;:/]*@")
_TOKEN = re.compile(r"[^\W_]++|[^\s_]")
_WINDOW = 120
_NEAR, _FAR = 2, 6

_LABELS = sorted(
    _stems(
        "бс бтс bs bts enb site сайт амс опора опоры опоре шифр площадка площадке объект позиция "
        "номер n pl станция"
    ),
    key=len,
    reverse=True,
)
_LABEL = re.compile(rf"({'|'.join(map(re.escape, _LABELS))})(?=[A-Z]{{0,3}}[0-9])")


def strip_label(run: str) -> tuple[str, str]:
    """A label glued to the front of a code, and the code: БС18972 is БС and 18972."""
    found = _LABEL.match(run)
    return (found[1], run[found.end() :]) if found else ("", run)


def is_label(run: str) -> bool:
    """Whether a run is nothing but a label of a site."""
    return run in _LABELS


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


def _walk_back(tokens: list[str]) -> Says:
    """What the nearest telling word before a number says; a finished sentence ends the search."""
    unknown = 0
    passed_word = numbered = in_list = after_dot = outage = False
    for token in reversed(tokens[-30:]):
        if token in "№#":
            numbered = True
        elif token == ".":
            after_dot = True
        elif token in "!?":
            break
        elif not token.isalnum():
            in_list = in_list or token in _LIST
        elif after_dot and len(token) > 3 and token not in _ABBREVIATED:
            break
        elif token in _FILLER:
            after_dot, passed_word = False, True
            numbered = numbered or token in _NUMBER
        elif token[0].isdigit() or any(map(str.isdigit, token)):
            if after_dot or not (in_list or len(token) >= 4):
                break
        else:
            after_dot = False
            if not passed_word and token in _DECOY_NEXT:
                return Says.DECOY
            says = word_says(token)
            if says is Says.OUTAGE and numbered and token.startswith(_REQUEST):
                says = Says.DECOY
            if says in _TELLING:
                if unknown <= _NEAR:
                    return says
                break
            outage = outage or says is Says.OUTAGE
            passed_word = True
            unknown += 1
            if unknown > _FAR:
                break
    return Says.OUTAGE if outage else Says.NOTHING


class Surroundings:
    """The words around any place of one folded text. Far look-ups are counted, so that no text is slow."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._far_lookups = 200

    def says(self, start: int) -> Says:
        """What stands before this place: in its line, in the heading of its column, or a line above."""
        line = self._text.rfind("\n", max(0, start - _WINDOW), start) + 1
        begins = line or (0 if start <= _WINDOW else start - _WINDOW)
        before = self._text[begins:start]
        tokens = _TOKEN.findall(before)
        said = _walk_back(tokens)
        if said in _TELLING or self._far_lookups <= 0:
            return said
        self._far_lookups -= 1
        heading = self._heading(begins, start)
        if heading is not Says.NOTHING:
            return heading
        if not any(token.isalpha() and token not in _FILLER for token in tokens):
            return max(said, self._line_above(begins), key=lambda says: says.value)
        return said

    def _lines_above(self, line: int) -> list[str]:
        return self._text[max(0, line - 3000) : max(0, line - 1)].split("\n")[:-41:-1]

    def _line_above(self, line: int) -> Says:
        for above in self._lines_above(line):
            tokens = _TOKEN.findall(above[-200:])
            words = [token for token in tokens if token.isalpha()]
            if words:
                is_label = above.rstrip().endswith(":") or len(words) <= 4
                return _walk_back(tokens) if is_label else Says.NOTHING
        return Says.NOTHING

    def _heading(self, line: int, start: int) -> Says:
        """What the heading of this table column says; cells stand between tabs, bars or wide gaps."""
        before = self._text[line:start]
        after = self._text[start : start + 200].split("\n", 1)[0]
        bars = "\t" in before + after or "|" in before + after
        if not bars and "  " not in (before + after).strip():
            return Says.NOTHING
        column = len(_BAR.findall(before)) if bars else len(before)
        for above in self._lines_above(line):
            said = _walk_back(_TOKEN.findall(_cell(above, column, bars=bars)))
            if said in _TELLING:
                return said
        return Says.NOTHING


def _cell(line: str, column: int, *, bars: bool) -> str:
    """The cell of a table line by its number, or by the place where it begins."""
    if bars:
        cells = _BAR.split(line)
        return cells[column][-100:] if column < len(cells) and len(cells) > 1 else ""
    found = ""
    for cell in _GAPPED.finditer(line[:400]):
        if cell.start() > column + 1:
            break
        found = cell[0]
    return found if "  " in line.strip() else ""


def is_number_of_something_else(text: str, start: int, end: int, *, dashed: bool) -> bool:
    """Whether the characters touching a number make it a piece of a phone, date, sum, address or path."""
    before = text[max(0, start - 3) : start]
    if _TOUCHED_BEFORE.search(before) or (dashed and _PHONE_BEFORE.search(before)):
        return True
    return _TOUCHED_AFTER.match(text, end) is not None


def is_in_address(text: str, start: int, end: int) -> bool:
    """Whether this place lies inside an e-mail or web address."""
    if text[end : end + 1] == "@" or text[max(0, start - 1) : start] == "@":
        return True
    around = text[max(0, start - 100) : start].rsplit(None, 1)
    head = around[-1] if around and not text[max(0, start - 1) : start].isspace() else ""
    tail = text[end : end + 60].split(None, 1)
    glued = tail[0] if tail and not text[end : end + 1].isspace() else ""
    return "://" in head or "WWW." in head or _MAIL_TAIL.match(glued) is not None


def is_contract_number(text: str, start: int) -> bool:
    """Whether the words right before name a contract, an invoice or a tax number."""
    return _CONTRACT.search(text[max(0, start - 40) : start]) is not None


def is_called_station(text: str, start: int) -> bool:
    """Whether the word right before is БС or means the same."""
    return _BS.search(text[max(0, start - 20) : start]) is not None

"""All issues of the queue, and the form of a new one."""

from __future__ import annotations

from html import escape

from demo.tracker.page_parts import Look, ago, options, text
from demo.tracker.records import Issue
from demo.tracker.seed import LOCAL_FIELD

SHOWN = 200
POLE, STATION = "poleNumber", "baseStation"


def body(look: Look) -> str:
    issues = sorted(
        (issue for issue in look.store.issues.values() if not issue.is_hidden and issue.queue == look.store.queue),
        key=lambda issue: issue.updated_at,
        reverse=True,
    )
    chosen = [issue for issue in issues if _fits(look, issue)]
    more = f"<p class=soft>Показаны {SHOWN} последних из {len(chosen)}.</p>" if len(chosen) > SHOWN else ""
    rows = "".join(_row(look, issue) for issue in chosen[:SHOWN])
    table = (
        f"<table class=list><tr><th>Ключ<th>Задача<th>Статус<th>Исполнитель<th>Изменена{rows}</table>{more}"
        if rows
        else "<p class=soft>Таких задач нет.</p>"
    )
    return (
        f"<h1>Очередь {escape(look.store.queue)}</h1><p class=soft>Задач: {len(issues)}</p>{_new(look)}"
        f"<div class=card>{_search(look)}{_chips(look, issues)}{table}</div>"
    )


def _fits(look: Look, issue: Issue) -> bool:
    wanted, words = look.given.get("status", ""), look.given.get("q", "").casefold()
    said = f"{issue.key} {issue.values.get('summary', '')} {issue.values.get(POLE, '')}".casefold()
    return (not wanted or issue.status == wanted) and words in said


def _row(look: Look, issue: Issue) -> str:
    place = look.address(f"/page/{issue.key}")
    comments = f"<span class=soft>комментариев: {len(issue.comments)}</span>" if issue.comments else ""
    return (
        f"<tr><td class=k><a href='{place}'>{escape(issue.key)}</a>"
        f"<td><a href='{place}'>{text(issue.values.get('summary'))}</a>{comments}"
        f"<td>{look.status(issue)}<td>{look.who(issue.values.get('assignee'))}"
        f"<td class=k>{ago(issue.updated_at)}<span class=soft>{escape(issue.writer.display)}</span>"
    )


def _search(look: Look) -> str:
    hidden = f"<input type=hidden name=by value='{escape(look.by.login)}'>"
    return (
        f"<form class='row search'>{hidden}<input class=wide type=search name=q aria-label='Поиск' "
        f"placeholder='Ключ, опора или слова из названия' value='{text(look.given.get('q'))}'>"
        "<button>Найти</button></form>"
    )


def _chips(look: Look, issues: list[Issue]) -> str:
    """Statuses that occur, with how many."""
    wanted = look.given.get("status", "")
    chips = [f"<a href='{look.address('/')}'{'' if wanted else ' class=on'}>Все</a>"]
    for status in look.store.statuses.values():
        number = sum(issue.status == status.key for issue in issues)
        if number:
            on = " class=on" if status.key == wanted else ""
            chips.append(f"<a href='{look.address('/', status=status.key)}'{on}>{escape(status.name)} {number}</a>")
    return f"<nav class=chips aria-label='Статус'>{''.join(chips)}</nav>"


def _new(look: Look) -> str:
    kinds = look.store.fields[LOCAL_FIELD].options if LOCAL_FIELD in look.store.fields else None
    kind = (
        f"<label for=n5>Тип проблемы</label><select id=n5 name='{LOCAL_FIELD}'><option value=''>—"
        f"{options({each: each for each in kinds}, '')}</select>"
        if kinds
        else ""
    )
    return (
        "<details class=card><summary>Завести задачу</summary><p class=soft>Она станет инцидентом на столе диспетчера; "
        "срок пойдёт от этого момента.</p>"
        + look.form(
            "<div class=edit><label for=n1>Название</label><input id=n1 name=summary required maxlength=255>"
            "<label for=n2>Описание</label><textarea id=n2 name=description></textarea>"
            f"<label for=n3>Шифр опоры</label><input id=n3 name={POLE}>"
            f"<label for=n4>Номер БС</label><input id=n4 name={STATION}>{kind}"
            "<span></span><span><button class=go name=do value=create>Завести</button></span></div>"
        )
        + "</details>"
    )

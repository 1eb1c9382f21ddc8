"""One issue: what it says, what may be done with it, what was said about it."""

from __future__ import annotations

from html import escape

from demo.tracker.page_parts import Look, ago, options, rendered, shown, text
from demo.tracker.records import Change, Comment, Field, Issue

# What people change over there; the desk puts the rest back.
EDITED = ("assignee", "66b1aa00bb11cc22dd33ee44--typeOfProblem", "poleNumber", "baseStation")
HIDDEN = (*EDITED, "summary", "description", "type", "priority")
LATEST = 12
DEEDS = {
    "IssueCreated": "создание",
    "IssueMoved": "перенос в другую очередь",
    "IssueCommentAdded": "комментарий",
    "IssueCommentUpdated": "правка комментария",
    "IssueCommentRemoved": "удаление комментария",
}


def body(look: Look, issue: Issue) -> str:
    return (
        f"<p><a href='{look.address('/')}'>← Все задачи</a></p><div class=two><div>"
        f"<section class=card><div class='row soft'>{escape(issue.key)} {look.status(issue)}"
        f" <span>изменена {ago(issue.updated_at)}, {escape(issue.writer.display)}</span></div>"
        f"<h1>{text(issue.values.get('summary'))}</h1>"
        f"<div class=words>{text(issue.values.get('description'))}</div></section>"
        f"{_talk(look, issue)}</div><div>{_steps(look, issue)}{_edited(look, issue)}{_shown(look, issue)}"
        f"{_history(look, issue)}{_trouble(look, issue)}</div></div>"
    )


def _steps(look: Look, issue: Issue) -> str:
    buttons = "".join(
        f"<button name=do value='step:{escape(step.id)}'>{escape(step.name)}</button>"
        for step in look.store.steps_from(issue)
    )
    form = look.form(f"<div class=steps>{buttons}</div>", issue)
    return f"<section class=card><h2>Перевести в статус</h2>{form}</section>"


def _edited(look: Look, issue: Issue) -> str:
    rows = "".join(_row(look, issue, look.store.fields[name]) for name in EDITED if name in look.store.fields)
    return f"<section class=card><h2>Поля, которые здесь меняют</h2>{rows}</section>"


def _row(look: Look, issue: Issue, field: Field) -> str:
    value, ident = str(issue.values.get(field.id, "")), f"f-{escape(field.key)}"
    if field.type == "user":
        people = {user.login: user.display for user in look.people}
        now = look.store.users[value].login if value in look.store.users else ""
        control = f"<select id={ident} name='{escape(field.id)}'><option value=''>—{options(people, now)}</select>"
    elif field.options:
        listed = options({each: each for each in field.options}, value)
        control = f"<select id={ident} name='{escape(field.id)}'><option value=''>—{listed}</select>"
    else:
        control = f"<input id={ident} name='{escape(field.id)}' value='{escape(value)}'>"
    button = f"<button name=do value='field:{escape(field.id)}'>Записать</button>"
    name = f"<label for={ident}>{escape(field.name)}</label>"
    return look.form(f"<div class=field>{name}<span>{control}{button}</span></div>", issue)


def _shown(look: Look, issue: Issue) -> str:
    rows = "".join(
        f"<dt>{escape(field.name)}<dd>{shown(issue.values[field.id])}"
        for field in look.store.fields.values()
        if field.id in issue.values and field.id not in HIDDEN
    )
    return f"<section class=card><h2>Поля, которые ведёт Диспетчерская</h2><dl>{rows}</dl></section>" if rows else ""


def _talk(look: Look, issue: Issue) -> str:
    said = "".join(_comment(look, comment) for comment in issue.comments) or "<p class=soft>Пока никто не писал.</p>"
    form = look.form(
        "<textarea name=text aria-label='Комментарий' placeholder='Станет заметкой в карточке инцидента'></textarea>"
        "<input type=hidden name=file><input type=hidden name=name>"
        "<div class=row><input class=wide type=file aria-label='Файл'>"
        "<button class=go name=do value=comment>Написать</button></div>",
        issue,
    )
    return (
        f"<section class=card><h2>Комментарии: {len(issue.comments)}</h2>{said}<div class=talk>{form}</div></section>"
    )


def _comment(look: Look, comment: Comment) -> str:
    files = "".join(
        f"<div class=soft><a href='/page/file/{file.id}'>{escape(file.name)}</a>, {len(file.content)} Б</div>"
        for file in comment.files
    )
    robot = " robot" if comment.author is look.store.robot else ""
    return (
        f"<article class='talk{robot}'><b>{escape(comment.author.display)}</b> "
        f"<span class=soft>{ago(comment.at)}</span><pre>{rendered(comment.text)}</pre>{files}</article>"
    )


def _history(look: Look, issue: Issue) -> str:
    rows = "".join(_change(look, change) for change in reversed(issue.changes[-LATEST:]))
    return f"<details class=card><summary>История</summary><table>{rows}</table></details>"


def _change(look: Look, change: Change) -> str:
    named = {**{field.id: field.name for field in look.store.fields.values()}, "status": "Статус"}
    what = ", ".join(named.get(name, name) for name, _, _ in change.fields) or DEEDS.get(change.type, change.type)
    who = f"{escape(change.author.display)}<span class=soft>{escape(what)}</span>"
    return f"<tr><td class='k soft'>{ago(change.at)}<td>{who}"


def _trouble(look: Look, issue: Issue) -> str:
    buttons = (
        "<div class=steps><button name=do value=move>Перенести в другую очередь</button>"
        "<button name=do value=hide>Скрыть от робота</button></div>"
    )
    return f"<details class=card><summary>Что ещё бывает</summary><p></p>{look.form(buttons, issue)}</details>"

"""What happens after what in an incident, read like MIDDLEWARE; see docs/architecture.md."""

# Order matters; each reaction runs in its own savepoint, a failed one is retried.
INCIDENT_REACTIONS = {
    "opened": ["sla.reactions.follow", "dispatchers.reactions.assign_freest"],
    "sending": ["sla.reactions.follow", "incidents.notices.on_status", "incidents.ball.follow_closing"],
    "reopened": [
        "sla.reactions.follow",
        "incidents.notices.on_status",
        "incidents.ball.follow_step",
        "dispatchers.reactions.assign_freest",
    ],
    "letter": [
        "incidents.answers.note_bounces",
        "incidents.answers.answer_closed",
        "incidents.ball.follow_letters",
        "sla.reactions.follow_answers",
    ],
    "power_back": ["incidents.ball.power_is_back"],
    "handed_over": ["sla.reactions.follow", "incidents.ball.follow_step"],
    "assigned": ["sla.reactions.follow_deeds"],
    "comment": ["sla.reactions.follow_deeds"],
    "opened_earlier": ["sla.reactions.follow"],
    "opened_later": ["sla.reactions.follow"],
    "type_set": ["sla.reactions.follow"],
    "priority_set": ["sla.reactions.follow"],
    "site_linked": ["sla.reactions.follow"],
    "status_changed": ["sla.reactions.follow", "incidents.ball.follow_closing"],
    "error": ["sla.reactions.follow"],
    "closed": ["sla.reactions.follow"],
    "merged": ["sla.reactions.follow"],
    # Works and letters that came along start and stop clocks, here and there.
    "merged_in": ["sla.reactions.follow"],
    "letters_moved_out": ["sla.reactions.follow"],
    "letters_moved_in": ["sla.reactions.follow"],
    "split_off": ["sla.reactions.follow"],
    "split_from": ["sla.reactions.follow"],
    "undone": ["sla.reactions.follow"],
    "work_started": ["sla.reactions.follow"],
    "work_ended": ["sla.reactions.follow"],
    "promise_missed": ["sla.reactions.warn_of_promises"],
}

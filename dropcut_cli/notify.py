"""Tells whoever dropped the files what a person decided: the message, and the error file beside the output's place.

Both are done as well as can be: the decision is written, and its message with it, so that the sweep sends it otherwise.
"""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from dropcut.domain.model import Edit, Notice
from dropcut.intake.problem import Problem
from dropcut.notifications import endings
from dropcut.notifications.schemas import Notification
from dropcut.ports import Services
from dropcut.workflow.outputs import OWN_METADATA


def notify(services: Services, edit: Edit, body: Notification, notice: Notice) -> str:
    """Send the message of an edit's end, `body` in its envelope; gives what came of it in words."""
    said = _rewrite_error_file(services, edit, body)
    try:
        services.topic.publish(notice)
        services.journal.notice_sent(notice, services.clock())
    except (BotoCoreError, ClientError) as error:
        return (
            f"{said}Its message is stored, and the sweep sends it within two hours; now it could not be sent: {error}"
        )
    return f"{said}A message tells whoever subscribed."


def _rewrite_error_file(services: Services, edit: Edit, body: Notification) -> str:
    """It said that the edit is held. One that is gone, or of a later drop, is left alone."""
    if body.error is None:
        return ""
    drop, key = edit.carried_drop, body.error.key
    problem = Problem("drop", drop.clip_key, str(edit.reason), endings.FIX)
    try:
        there = services.files.head(services.outbox, key)
        if there and there.metadata.get(OWN_METADATA) == edit.edit_id:
            text = endings.error_file(body, drop, edit.clip, [problem]).as_file()
            services.files.write_json(services.outbox, key, text, there.metadata, there.etag)
    except (BotoCoreError, ClientError) as error:
        return f"Its error file could not be rewritten: {error} "
    return ""

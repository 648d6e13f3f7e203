"""The rules of healing: when Zoom is asked about a meeting, and what follows from its answers.

Events can be lost for good: Zoom gives up after 85 minutes. So whatever was not heard of for a while is looked up, in
its host's name, and what is found becomes the same facts as events make. A fact that is known already changes nothing.
"""

from __future__ import annotations

from datetime import timedelta

QUIET = timedelta(minutes=10)
"""How long after the last event Zoom is asked. Zoom's first repetition comes after five minutes."""

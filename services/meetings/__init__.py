"""Meetings: starts them at Zoom, follows them by Zoom's events, and says what Slack is to show."""

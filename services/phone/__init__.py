"""Phone calls that are placed from Slack."""

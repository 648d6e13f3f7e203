"""The edge: everything that Slack, Zoom and browsers reach over HTTP, and everything that is said in Slack."""

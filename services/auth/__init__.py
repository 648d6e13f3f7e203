"""Who is who: connect links, grants of Zoom, installations in Slack. The only holder of refresh tokens."""

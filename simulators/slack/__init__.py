"""A strict, stateful, in-memory stand-in for Slack: Web API, OAuth, commands, interactivity, events and a page."""

"""What has to be true of deploy/observability: of alerts, runbooks, dashboards and the collector."""

{{/* Where runbooks are, with a slash at the end. */}}
{{- define "zoomslack.runbooks" -}}
{{- .Values.alerts.runbooksUrl | default "docs/runbooks" | trimSuffix "/" }}/
{{- end }}

{{- define "zoomslack.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Short enough for "-slack-edge-migrate-12345678" to follow within Kubernetes' 63 characters. */}}
{{- define "zoomslack.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 34 | trimSuffix "-" }}
{{- else if contains (include "zoomslack.name" .) .Release.Name -}}
{{- .Release.Name | trunc 34 | trimSuffix "-" }}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "zoomslack.name" .) | trunc 34 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{/* Call with (dict "root" $ "name" component). */}}
{{- define "zoomslack.selector" -}}
app.kubernetes.io/name: {{ include "zoomslack.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "zoomslack.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{ include "zoomslack.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: zoomslack
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "zoomslack.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* A service's name as others look it up. Call with (dict "root" $ "name" component). */}}
{{- define "zoomslack.host" -}}
{{ include "zoomslack.fullname" .root }}-{{ .name }}.{{ .root.Release.Namespace }}.svc.{{ .root.Values.clusterDomain }}
{{- end }}

{{- define "zoomslack.publicUrl" -}}
{{- if .Values.publicUrl -}}
{{ .Values.publicUrl | trimSuffix "/" }}
{{- else -}}
http://{{ include "zoomslack.host" (dict "root" . "name" "slack-edge") }}:8080
{{- end -}}
{{- end }}

{{- define "zoomslack.publicHost" -}}
{{- (include "zoomslack.publicUrl" . | urlParse).hostname -}}
{{- end }}

{{- define "zoomslack.mutualTls" -}}
{{- if has .Values.tls.mode (list "certManager" "existingSecrets") }}true{{ end -}}
{{- end }}

{{- define "zoomslack.mesh" -}}
{{- if eq .Values.tls.mode "serviceMesh" }}{{ .Values.tls.serviceMesh.kind }}{{ end -}}
{{- end }}

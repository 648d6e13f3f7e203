{{/*
Secrets of a component that come from its Secret or folder, as file names with commas between; empty for none.
Call with (dict "root" $ "name" component).
*/}}
{{- define "zoomslack.secretNames" -}}
{{- $is := index (include "zoomslack.components" .root | fromYaml) .name -}}
{{- $names := list -}}
{{- if not .root.Values.simulators.enabled }}
  {{- $names = concat $names $is.secrets -}}
  {{- if and $is.accountSecret .root.Values.zoom.accountClientId }}{{ $names = append $names $is.accountSecret }}{{ end -}}
{{- end }}
{{- if and (ne .name "slack-edge") (eq .root.Values.database.kind "postgresql") }}
  {{- $names = concat $names (list "token-keys" "database-url") -}}
{{- end }}
{{- join "," $names -}}
{{- end }}

{{/* Secrets of a component that the simulators were born with; its pod writes them down for itself. */}}
{{- define "zoomslack.simulatedNames" -}}
{{- $is := index (include "zoomslack.components" .root | fromYaml) .name -}}
{{- if .root.Values.simulators.enabled -}}
{{- join "," (concat $is.secrets (compact (list $is.accountSecret))) -}}
{{- end -}}
{{- end }}

{{/* The variable that names the file of a secret. Call with (dict "prefix" "AUTH" "file" "database-url"). */}}
{{- define "zoomslack.fileVariable" -}}
{{- if eq .file "database-url" -}}
ZOOMSLACK_{{ .prefix }}_DATABASE_URL_FILE
{{- else -}}
ZOOMSLACK_{{ .file | upper | replace "-" "_" }}_FILE
{{- end -}}
{{- end }}

{{/* Pods of a service that may hold connections at a time: in a roll-out all new ones, and all old ones that still end. */}}
{{- define "zoomslack.mostPods" -}}
{{- mul 2 (ternary (int .values.autoscaling.maxReplicas) (int .values.replicas) .values.autoscaling.enabled) -}}
{{- end }}

{{/* Connections of one replica: its share of the service's. */}}
{{- define "zoomslack.poolSize" -}}
{{- div (int .root.Values.database.connectionsPerService) (include "zoomslack.mostPods" . | int) | min 100 -}}
{{- end }}

{{/* What a database's address does not say. */}}
{{- define "zoomslack.databaseSettings" -}}
{{- if eq .Values.database.kind "postgresql" -}}
PGSSLMODE: {{ .Values.database.sslMode }}
{{- if or .Values.database.rootCertificate.configMap .Values.database.rootCertificate.secret }}
PGSSLROOTCERT: /etc/zoomslack/postgresql/ca.crt
{{- end }}
{{- end }}
{{- end }}

{{/* Every setting of a component that is not secret, and the files of those that are. Call with a filled context. */}}
{{- define "zoomslack.settings" -}}
{{- $values := .root.Values -}}
{{- $own := .values -}}
{{- $settings := dict
  "ZOOMSLACK_LOG_LEVEL" $values.logLevel
  "ZOOMSLACK_LOG_FORMAT" $values.logFormat
  "ZOOMSLACK_GRPC_REFLECTION" (ternary "1" "0" $values.grpcReflection)
  (printf "ZOOMSLACK_%s_DRAIN_SECONDS" .is.prefix) $values.drainSeconds
  (printf "ZOOMSLACK_%s_LISTEN" .is.prefix) (printf "0.0.0.0:%d" (int .is.port))
  (printf "ZOOMSLACK_%s_ADMIN_LISTEN" .is.prefix) (printf "0.0.0.0:%d" (int .ports.admin))
-}}
{{- if include "zoomslack.mutualTls" .root }}
  {{- $_ := set $settings "ZOOMSLACK_TLS_DIR" "/etc/zoomslack/tls" -}}
{{- else }}
  {{- $_ := set $settings "ZOOMSLACK_ALLOW_PLAINTEXT" "1" -}}
{{- end }}
{{- $files := include "zoomslack.secretNames" . -}}
{{- range compact (splitList "," $files) }}
  {{- $_ := set $settings (include "zoomslack.fileVariable" (dict "prefix" $.is.prefix "file" .)) (printf "%s/%s" ($own.secretsDir | default "/etc/zoomslack/secrets") .) -}}
{{- end }}
{{- range compact (splitList "," (include "zoomslack.simulatedNames" .)) }}
  {{- $_ := set $settings (include "zoomslack.fileVariable" (dict "prefix" $.is.prefix "file" .)) (printf "/run/zoomslack/simulated/%s" .) -}}
{{- end }}
{{- range .is.calls }}
  {{- $callee := index (include "zoomslack.components" $.root | fromYaml) . -}}
  {{- $_ := set $settings (printf "ZOOMSLACK_%s_TARGET" $callee.prefix) (printf "dns:///%s:%d" (include "zoomslack.host" (dict "root" $.root "name" .)) (int $callee.port)) -}}
{{- end }}
{{- $slack := $values.slack.apiUrl -}}
{{- $authorize := $values.slack.authorizeUrl -}}
{{- $zoom := dict "api" $values.zoom.apiUrl "oauth" $values.zoom.oauthUrl "join" $values.zoom.joinUrl -}}
{{- $ids := dict "slack" $values.slack.clientId "user" $values.zoom.userClientId "account" $values.zoom.accountClientId -}}
{{- if $values.simulators.enabled }}
  {{- $host := include "zoomslack.host" (dict "root" .root "name" "simulators") -}}
  {{- $slackUrl := printf "http://%s:%d" $host (int .ports.slack) -}}
  {{- $zoomUrl := printf "http://%s:%d" $host (int .ports.zoom) -}}
  {{- $slack = printf "%s/api" $slackUrl -}}
  {{- $authorize = printf "%s/oauth/v2/authorize" $slackUrl -}}
  {{- $zoom = dict "api" (printf "%s/v2" $zoomUrl) "oauth" (printf "%s/oauth" $zoomUrl) "join" $zoomUrl -}}
  {{- $ids = dict "slack" "1000000000001.1000000000002" "user" "simulatedUserAppId0001" "account" "simulatedAdminAppId001" -}}
{{- end }}
{{- if ne .name "meetings" }}{{ $_ := set $settings "ZOOMSLACK_PUBLIC_URL" (include "zoomslack.publicUrl" .root) }}{{ end -}}
{{- if has "slack" .is.vendors }}{{ $_ := set $settings "ZOOMSLACK_SLACK_API_URL" $slack }}{{ end -}}
{{- if has "zoom" .is.vendors }}{{ $_ := set $settings "ZOOMSLACK_ZOOM_API_URL" $zoom.api }}{{ end -}}
{{- if has .name (list "meetings" "phone") }}
  {{- $_ := set $settings "ZOOMSLACK_RECONCILE_INTERVAL_SECONDS" $values.reconcile.intervalSeconds -}}
  {{- $_ := set $settings "ZOOMSLACK_RECONCILE_QUIET_SECONDS" $values.reconcile.quietSeconds -}}
{{- end }}
{{- if eq .name "auth" }}
  {{- $_ := set $settings "ZOOMSLACK_SLACK_AUTHORIZE_URL" $authorize -}}
  {{- $_ := set $settings "ZOOMSLACK_SLACK_CLIENT_ID" $ids.slack -}}
  {{- $_ := set $settings "ZOOMSLACK_ZOOM_OAUTH_URL" $zoom.oauth -}}
  {{- $_ := set $settings "ZOOMSLACK_ZOOM_USER_CLIENT_ID" $ids.user -}}
  {{- if $ids.account }}{{ $_ := set $settings "ZOOMSLACK_ZOOM_ACCOUNT_CLIENT_ID" $ids.account }}{{ end -}}
{{- else if eq .name "meetings" }}
  {{- $_ := set $settings "ZOOMSLACK_MEETINGS_KEEP_DAYS" $own.keepDays -}}
{{- else if eq .name "phone" }}
  {{- $_ := set $settings "ZOOMSLACK_PHONE_DEFAULT_REGION" $own.defaultRegion -}}
  {{- $_ := set $settings "ZOOMSLACK_PHONE_EMERGENCY_NUMBERS" $own.emergencyNumbers -}}
  {{- $_ := set $settings "ZOOMSLACK_PHONE_PREMIUM_NUMBERS" $own.premiumNumbers -}}
  {{- $_ := set $settings "ZOOMSLACK_PHONE_KEEP_DAYS" $own.keepDays -}}
{{- else }}
  {{- $_ := set $settings "ZOOMSLACK_ZOOM_JOIN_URL" $zoom.join -}}
  {{- $_ := set $settings "ZOOMSLACK_ZOOM_WEBHOOK_WINDOW_SECONDS" $values.zoom.webhookWindowSeconds -}}
  {{- $_ := set $settings "ZOOMSLACK_SLACK_CALL_PROVIDER" (ternary "1" "0" $values.slack.callProvider) -}}
  {{- if $own.helpUrl }}{{ $_ := set $settings "ZOOMSLACK_HELP_URL" $own.helpUrl }}{{ end -}}
{{- end }}
{{- if .is.grpc }}
  {{- if $values.api.policy }}{{ $_ := set $settings "ZOOMSLACK_POLICY" $values.api.policy }}{{ end -}}
  {{- $_ := set $settings (printf "ZOOMSLACK_%s_HEALTH_LISTEN" .is.prefix) (printf "0.0.0.0:%d" (int .ports.health)) -}}
  {{- if eq $values.database.kind "sqlite" }}
    {{- $_ := set $settings "ZOOMSLACK_DATA_DIR" "/var/lib/zoomslack" -}}
  {{- else }}
    {{- $_ := set $settings "ZOOMSLACK_DATABASE_POOL_SIZE" (include "zoomslack.poolSize" .) -}}
    {{- $settings = merge $settings (include "zoomslack.databaseSettings" .root | fromYaml) -}}
  {{- end }}
{{- end }}
{{- if $values.telemetry.otlpEndpoint }}
  {{- $_ := set $settings "OTEL_EXPORTER_OTLP_ENDPOINT" $values.telemetry.otlpEndpoint -}}
{{- end }}
{{- range $name, $value := $settings }}
{{ $name }}: {{ $value | toString | quote }}
{{- end }}
{{- end }}

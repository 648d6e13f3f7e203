{{/* Keys that look right and are not: each with what to do instead. Values that a release takes away are added here. */}}
{{- define "zoomslack.removed" -}}
slack.clientSecret: put it into the Secret that auth.existingSecret names, as slack-client-secret
slack.signingSecret: put it into the Secret that slackEdge.existingSecret names, as slack-signing-secret
zoom.userClientSecret: put it into the Secret that auth.existingSecret names, as zoom-user-client-secret
zoom.accountClientSecret: put it into the Secret that auth.existingSecret names, as zoom-account-client-secret
zoom.userWebhookSecret: put it into the Secret that slackEdge.existingSecret names, as zoom-user-webhook-secret
zoom.accountWebhookSecret: put it into the Secret that slackEdge.existingSecret names, as zoom-account-webhook-secret
tokenKeys: put them into the Secrets that auth, meetings and phone name as existingSecret, as token-keys
database.url: put one address per service into the Secrets that auth, meetings and phone name as existingSecret, as database-url
replicaCount: set auth.replicas, meetings.replicas, phone.replicas and slackEdge.replicas
{{- end }}

{{/* Refuses, with a sentence that says what to do, what would render and not run. */}}
{{- define "zoomslack.check" -}}
{{- $values := .Values -}}
{{- range $path, $advice := include "zoomslack.removed" . | fromYaml }}
  {{- $place := $values -}}
  {{- $found := true -}}
  {{- range splitList "." $path }}
    {{- if and $found (kindIs "map" $place) (hasKey $place .) }}{{ $place = index $place . }}{{ else }}{{ $found = false }}{{ end -}}
  {{- end }}
  {{- if $found }}{{ fail (printf "%s is not a value of this chart: %s." $path $advice) }}{{ end -}}
{{- end }}
{{- $sqlite := eq $values.database.kind "sqlite" -}}
{{- if not $values.simulators.enabled }}
  {{- if not $values.publicUrl }}{{ fail "publicUrl is not set: the address at which Slack, Zoom and browsers reach the edge, such as https://zoom.example.com." }}{{ end -}}
  {{- if not $values.slack.clientId }}{{ fail "slack.clientId is not set: it stands on the app's page at api.slack.com, under Basic Information. To try the chart without Slack and Zoom, set simulators.enabled." }}{{ end -}}
  {{- if not $values.zoom.userClientId }}{{ fail "zoom.userClientId is not set: it stands on the app's page at marketplace.zoom.us. To try the chart without Slack and Zoom, set simulators.enabled." }}{{ end -}}
  {{- if eq $values.tls.mode "plaintext" }}{{ fail "tls.mode plaintext is for simulators only: set certManager, existingSecrets or serviceMesh." }}{{ end -}}
{{- end }}
{{- if and $values.simulators.enabled $values.zoom.accountClientId }}{{ fail "zoom.accountClientId does not go with simulators: their apps have ids of their own." }}{{ end -}}
{{- if and (eq $values.tls.mode "certManager") (not $values.tls.certManager.createIssuer) (not $values.tls.certManager.issuerRef.name) }}
  {{- fail "tls.certManager.issuerRef.name is not set: name your issuer, or set tls.certManager.createIssuer." }}
{{- end }}
{{- if and $values.database.rootCertificate.configMap $values.database.rootCertificate.secret }}
  {{- fail "database.rootCertificate names both a configMap and a secret: set one of them." }}
{{- end }}
{{- if and (not $sqlite) (hasPrefix "verify-" $values.database.sslMode) (not (include "zoomslack.hasRootCertificate" .)) }}
  {{- fail "database.rootCertificate is not set: name a ConfigMap or Secret with the authority of PostgreSQL's certificate, or set database.sslMode to require." }}
{{- end }}
{{- if and $values.serviceMonitor.enabled $values.networkPolicy.enabled (not $values.networkPolicy.metricsFrom) }}
  {{- fail "networkPolicy.metricsFrom is empty, so that Prometheus would be refused: name its namespace or pods." }}
{{- end }}
{{- if and $values.gateway.enabled (not $values.gateway.parentRefs) }}{{ fail "gateway.parentRefs is empty: name the Gateway that the route belongs to." }}{{ end -}}
{{- range $name, $is := include "zoomslack.components" . | fromYaml }}
  {{- $own := index $values $is.key -}}
  {{- if and $own.existingSecret $own.secretsDir }}{{ fail (printf "%s.existingSecret and %s.secretsDir are both set: set one of them." $is.key $is.key) }}{{ end -}}
  {{- $needs := include "zoomslack.secretNames" (dict "root" $ "name" $name) -}}
  {{- if and $needs (not $own.existingSecret) (not $own.secretsDir) }}
    {{- fail (printf "%s.existingSecret is not set: name a Secret with %s." $is.key ($needs | replace "," ", ")) }}
  {{- end }}
  {{- if and (eq $values.tls.mode "existingSecrets") (not $own.tlsSecret) }}
    {{- fail (printf "%s.tlsSecret is not set: name a Secret with ca.crt, tls.crt and tls.key for the DNS names %s and %s.zoomslack." $is.key (include "zoomslack.host" (dict "root" $ "name" $name)) $name) }}
  {{- end }}
  {{- if and $sqlite (ne $name "slack-edge") (or (gt (int $own.replicas) 1) $own.autoscaling.enabled) }}
    {{- fail (printf "database.kind sqlite is a file that one pod owns: set %s.replicas to 1 and %s.autoscaling.enabled to false, or use postgresql." $is.key $is.key) }}
  {{- end }}
  {{- $most := ternary (int $own.autoscaling.maxReplicas) (int $own.replicas) $own.autoscaling.enabled -}}
  {{- if and (not $sqlite) $is.grpc (gt (add1 $most) (int $values.database.connectionsPerService)) }}
    {{- fail (printf "database.connectionsPerService is %d, and %s may have %d pods with one more in a roll-out: each needs a connection." (int $values.database.connectionsPerService) $is.key $most) }}
  {{- end }}
  {{- if and $own.autoscaling.enabled (gt (int $own.autoscaling.minReplicas) (int $own.autoscaling.maxReplicas)) }}
    {{- fail (printf "%s.autoscaling.minReplicas is above maxReplicas." $is.key) }}
  {{- end }}
{{- end }}
{{- end }}

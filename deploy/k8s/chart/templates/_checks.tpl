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
telemetry.otlpPort: the port is the one in telemetry.otlpEndpoint
replicaCount: set auth.replicas, meetings.replicas, phone.replicas and slackEdge.replicas
{{- end }}

{{/* Refuses what would render and not run: all of it at once, each with a sentence that says what to do. */}}
{{- define "zoomslack.check" -}}
{{- with include "zoomslack.problems" . | fromYamlArray }}
{{- fail (printf "\n%s" (join "\n" .)) }}
{{- end }}
{{- end }}

{{/* Everything that is wrong with the values, as a YAML list of sentences. */}}
{{- define "zoomslack.problems" -}}
{{- concat
  (include "zoomslack.problemsOfKeys" . | fromYamlArray)
  (include "zoomslack.problemsOfAddresses" . | fromYamlArray)
  (include "zoomslack.problemsOfDatabase" . | fromYamlArray)
  (include "zoomslack.problemsOfNetwork" . | fromYamlArray)
  (include "zoomslack.problemsOfServices" . | fromYamlArray)
  | toYaml -}}
{{- end }}

{{- define "zoomslack.problemsOfKeys" -}}
{{- $problems := list -}}
{{- range $path, $advice := include "zoomslack.removed" . | fromYaml }}
  {{- $place := $.Values -}}
  {{- $found := true -}}
  {{- range splitList "." $path }}
    {{- if and $found (kindIs "map" $place) (hasKey $place .) }}{{ $place = index $place . }}{{ else }}{{ $found = false }}{{ end -}}
  {{- end }}
  {{- if $found }}{{ $problems = append $problems (printf "%s is not a value of this chart: %s." $path $advice) }}{{ end -}}
{{- end }}
{{- toYaml $problems -}}
{{- end }}

{{- define "zoomslack.problemsOfAddresses" -}}
{{- $problems := list -}}
{{- $values := .Values -}}
{{- $public := or $values.ingress.enabled $values.gateway.enabled -}}
{{- $url := urlParse (include "zoomslack.publicUrl" .) -}}
{{- if $values.simulators.enabled }}
  {{- if $values.zoom.accountClientId }}{{ $problems = append $problems "zoom.accountClientId does not go with simulators: their apps have ids of their own." }}{{ end -}}
  {{- if $public }}{{ $problems = append $problems "simulators do not go with ingress.enabled or gateway.enabled: their secrets are known to everybody. Reach the edge by kubectl port-forward." }}{{ end -}}
{{- else }}
  {{- if not $values.publicUrl }}
    {{- $problems = append $problems "publicUrl is not set: the address at which Slack, Zoom and browsers reach the edge, such as https://zoom.example.com." -}}
  {{- else if ne $url.scheme "https" }}
    {{- $problems = append $problems "publicUrl has to begin with https://: Slack and Zoom send to no other address." -}}
  {{- end }}
  {{- if not $values.slack.clientId }}{{ $problems = append $problems "slack.clientId is not set: it stands on the app's page at api.slack.com, under Basic Information. To try the chart without Slack and Zoom, set simulators.enabled." }}{{ end -}}
  {{- if not $values.zoom.userClientId }}{{ $problems = append $problems "zoom.userClientId is not set: it stands on the app's page at marketplace.zoom.us. To try the chart without Slack and Zoom, set simulators.enabled." }}{{ end -}}
  {{- if eq $values.tls.mode "plaintext" }}{{ $problems = append $problems "tls.mode plaintext is for simulators only: set certManager, existingSecrets or serviceMesh." }}{{ end -}}
{{- end }}
{{- if $url.path }}{{ $problems = append $problems (printf "publicUrl has the path %s: the edge is served at the root of a host." $url.path) }}{{ end -}}
{{- if and $public (or (regexMatch "^[0-9.]+$" $url.hostname) (contains ":" $url.hostname)) }}
  {{- $problems = append $problems (printf "publicUrl has the host %s: an Ingress or HTTPRoute needs a name, no address." $url.hostname) -}}
{{- end }}
{{- if and (eq $values.tls.mode "certManager") (not $values.tls.certManager.createIssuer) (not $values.tls.certManager.issuerRef.name) }}
  {{- $problems = append $problems "tls.certManager.issuerRef.name is not set: name your issuer, or set tls.certManager.createIssuer." -}}
{{- end }}
{{- if and $values.gateway.enabled (not $values.gateway.parentRefs) }}{{ $problems = append $problems "gateway.parentRefs is empty: name the Gateway that the route belongs to." }}{{ end -}}
{{- toYaml $problems -}}
{{- end }}

{{- define "zoomslack.problemsOfDatabase" -}}
{{- $problems := list -}}
{{- $database := .Values.database -}}
{{- if and $database.rootCertificate.configMap $database.rootCertificate.secret }}
  {{- $problems = append $problems "database.rootCertificate names both a configMap and a secret: set one of them." -}}
{{- end }}
{{- if and (eq $database.kind "postgresql") (hasPrefix "verify-" $database.sslMode) (not (include "zoomslack.hasRootCertificate" .)) }}
  {{- $problems = append $problems "database.rootCertificate is not set: name a ConfigMap or Secret with the authority of PostgreSQL's certificate, or set database.sslMode to require." -}}
{{- end }}
{{- toYaml $problems -}}
{{- end }}

{{- define "zoomslack.problemsOfNetwork" -}}
{{- $problems := list -}}
{{- $policy := .Values.networkPolicy -}}
{{- if $policy.enabled }}
  {{- if and .Values.serviceMonitor.enabled (not $policy.metricsFrom) }}
    {{- $problems = append $problems "networkPolicy.metricsFrom is empty, so that Prometheus would be refused: name its namespace or pods." -}}
  {{- end }}
  {{- if not $policy.dnsTo }}{{ $problems = append $problems "networkPolicy.dnsTo is empty, which is everywhere: name where DNS is." }}{{ end -}}
  {{- if and (not $policy.vendorsTo) (not .Values.simulators.enabled) }}
    {{- $problems = append $problems "networkPolicy.vendorsTo is empty, which is everywhere: name where Slack and Zoom are, or the proxy to them." -}}
  {{- end }}
{{- end }}
{{- if .Values.api.policy }}
  {{- if not (include "zoomslack.mutualTls" .) }}
    {{- $problems = append $problems "api.policy goes by the certificates of callers: set tls.mode to certManager or existingSecrets." -}}
  {{- end }}
  {{- if and $policy.enabled (not $policy.apiFrom) }}
    {{- $problems = append $problems "networkPolicy.apiFrom is empty, so that programs of other teams would be refused: name their namespaces or pods." -}}
  {{- end }}
{{- else if $policy.apiFrom }}
  {{- $problems = append $problems "networkPolicy.apiFrom lets somebody in who may do nothing: set api.policy." -}}
{{- end }}
{{- toYaml $problems -}}
{{- end }}

{{- define "zoomslack.problemsOfServices" -}}
{{- $problems := list -}}
{{- $values := .Values -}}
{{- $sqlite := eq $values.database.kind "sqlite" -}}
{{- range $name, $is := include "zoomslack.components" . | fromYaml }}
  {{- $own := index $values $is.key -}}
  {{- if and $own.existingSecret $own.secretsDir }}{{ $problems = append $problems (printf "%s.existingSecret and %s.secretsDir are both set: set one of them." $is.key $is.key) }}{{ end -}}
  {{- $needs := include "zoomslack.secretNames" (dict "root" $ "name" $name) -}}
  {{- if and $needs (not $own.existingSecret) (not $own.secretsDir) }}
    {{- $problems = append $problems (printf "%s.existingSecret is not set: name a Secret with %s." $is.key ($needs | replace "," ", ")) -}}
  {{- end }}
  {{- if and (eq $values.tls.mode "existingSecrets") (not $own.tlsSecret) }}
    {{- $problems = append $problems (printf "%s.tlsSecret is not set: name a Secret with ca.crt, tls.crt and tls.key for the DNS names %s and %s.zoomslack." $is.key (include "zoomslack.host" (dict "root" $ "name" $name)) $name) -}}
  {{- end }}
  {{- if and $sqlite $is.grpc (or (gt (int $own.replicas) 1) $own.autoscaling.enabled) }}
    {{- $problems = append $problems (printf "database.kind sqlite is a file that one pod owns: set %s.replicas to 1 and %s.autoscaling.enabled to false, or use postgresql." $is.key $is.key) -}}
  {{- end }}
  {{- if $own.autoscaling.enabled }}
    {{- if gt (int $own.autoscaling.minReplicas) (int $own.autoscaling.maxReplicas) }}{{ $problems = append $problems (printf "%s.autoscaling.minReplicas is above maxReplicas." $is.key) }}{{ end -}}
    {{- if not (hasKey $own.resources.requests "cpu") }}{{ $problems = append $problems (printf "%s.resources.requests.cpu is not set: autoscaling counts in parts of it." $is.key) }}{{ end -}}
  {{- end }}
  {{- if and (not $sqlite) $is.grpc }}
    {{- $pods := include "zoomslack.mostPods" (dict "root" $ "values" $own) | int -}}
    {{- if lt (int $values.database.connectionsPerService) $pods }}
      {{- $problems = append $problems (printf "database.connectionsPerService is %d, and a roll-out of %s may have %d pods: allow at least that many connections, or have fewer replicas." (int $values.database.connectionsPerService) $is.key $pods) -}}
    {{- end }}
  {{- end }}
{{- end }}
{{- toYaml $problems -}}
{{- end }}

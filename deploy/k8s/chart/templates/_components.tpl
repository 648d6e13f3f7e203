{{/*
What the services are: the one place that says who listens where, who calls whom, and who needs what.
`ends` is how long a service may take, after the pause of its drain, to end what it began.
*/}}
{{- define "zoomslack.components" -}}
auth:
  key: auth
  module: services.auth
  prefix: AUTH
  grpc: zoomslack.auth.v1.AuthService
  port: 50051
  calls: []
  vendors: [slack, zoom]
  secrets: [slack-client-secret, zoom-user-client-secret]
  accountSecret: zoom-account-client-secret
  ends: 25
meetings:
  key: meetings
  module: services.meetings
  prefix: MEETINGS
  grpc: zoomslack.meetings.v1.MeetingsService
  port: 50052
  calls: [auth]
  vendors: [zoom]
  secrets: []
  ends: 20
phone:
  key: phone
  module: services.phone
  prefix: PHONE
  grpc: zoomslack.phone.v1.PhoneService
  port: 50053
  calls: [auth]
  vendors: [zoom]
  secrets: []
  ends: 10
slack-edge:
  key: slackEdge
  module: services.slack_edge
  prefix: EDGE
  port: 8080
  calls: [auth, meetings, phone]
  vendors: [slack]
  secrets: [slack-signing-secret, zoom-user-webhook-secret]
  accountSecret: zoom-account-webhook-secret
  ends: 15
{{- end }}

{{/* Ports beside those of the services. */}}
{{- define "zoomslack.ports" -}}
health: 8086
admin: 9090
slack: 8081
zoom: 8082
{{- end }}

{{/* Seconds that spans get to leave, and some to spare, after everything else has ended. */}}
{{- define "zoomslack.flushSeconds" -}}5{{- end }}

{{/*
The context of one component: `root`, `name`, `is` (its facts), `values` (its values), `ports`.
Call with (dict "root" $ "name" "auth") and pipe into fromYaml is not possible for `root`, so this fills a dict in place.
*/}}
{{- define "zoomslack.fill" -}}
{{- $components := include "zoomslack.components" .root | fromYaml -}}
{{- $is := index $components .name -}}
{{- $_ := set . "is" $is -}}
{{- $_ := set . "values" (index .root.Values $is.key) -}}
{{- $_ := set . "ports" (include "zoomslack.ports" .root | fromYaml) -}}
{{- $_ := set . "fullname" (printf "%s-%s" (include "zoomslack.fullname" .root) .name) -}}
{{- end }}

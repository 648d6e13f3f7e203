{{/* What Pod Security's "restricted" asks of a pod, and of each container. */}}
{{- define "zoomslack.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "zoomslack.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "zoomslack.imageFields" -}}
image: {{ include "zoomslack.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{- define "zoomslack.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* preStop, pause, the end of work, the flush of spans: what the kubelet has to wait for. */}}
{{- define "zoomslack.gracePeriod" -}}
{{- add (int .root.Values.preStopSeconds) (int .root.Values.drainSeconds) (int .is.ends) (include "zoomslack.flushSeconds" . | int) -}}
{{- end }}

{{- define "zoomslack.probes" -}}
{{- if .is.grpc }}
startupProbe:
  grpc: {port: {{ .ports.health }}, service: live}
  periodSeconds: 2
  failureThreshold: {{ div (int .root.Values.startupSeconds) 2 }}
readinessProbe:
  grpc: {port: {{ .ports.health }}}
  periodSeconds: 5
  timeoutSeconds: 3
livenessProbe:
  grpc: {port: {{ .ports.health }}, service: live}
  periodSeconds: 10
  timeoutSeconds: 5
{{- else }}
startupProbe:
  httpGet: {path: /livez, port: admin}
  periodSeconds: 2
  failureThreshold: {{ div (int .root.Values.startupSeconds) 2 }}
readinessProbe:
  httpGet: {path: /readyz, port: admin}
  periodSeconds: 5
  timeoutSeconds: 3
livenessProbe:
  httpGet: {path: /livez, port: admin}
  periodSeconds: 10
  timeoutSeconds: 5
{{- end }}
{{- end }}

{{/* A volume with the chosen files of a Secret. Call with (dict "volume" "secrets" "secret" "x" "files" "a,b"). */}}
{{- define "zoomslack.secretVolume" -}}
- name: {{ .volume }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    items:
    {{- range splitList "," .files }}
      - {key: {{ . }}, path: {{ . }}}
    {{- end }}
{{- end }}

{{- define "zoomslack.rootCertificateVolume" -}}
{{- with .Values.database.rootCertificate }}
{{- if .configMap }}
- name: postgresql
  configMap:
    name: {{ .configMap }}
    items: [{key: {{ .key }}, path: ca.crt}]
{{- else if .secret }}
- name: postgresql
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    items: [{key: {{ .key }}, path: ca.crt}]
{{- end }}
{{- end }}
{{- end }}

{{- define "zoomslack.hasRootCertificate" -}}
{{- $database := .Values.database -}}
{{- if and (eq $database.kind "postgresql") (or $database.rootCertificate.configMap $database.rootCertificate.secret) }}true{{ end -}}
{{- end }}

{{/* The Secret with a component's certificate. */}}
{{- define "zoomslack.tlsSecret" -}}
{{- if eq .root.Values.tls.mode "existingSecrets" }}{{ .values.tlsSecret }}{{ else }}{{ .fullname }}-tls{{ end -}}
{{- end }}

{{- define "zoomslack.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- if include "zoomslack.mutualTls" .root }}
- name: tls
  secret:
    secretName: {{ include "zoomslack.tlsSecret" . }}
    defaultMode: 0440
{{- end }}
{{- $files := include "zoomslack.secretNames" . }}
{{- if and $files .values.existingSecret }}
{{ include "zoomslack.secretVolume" (dict "volume" "secrets" "secret" .values.existingSecret "files" $files) }}
{{- end }}
{{- if include "zoomslack.simulatedNames" . }}
- name: simulated
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
{{- end }}
{{- if .is.grpc }}
{{- if eq .root.Values.database.kind "sqlite" }}
- name: data
{{- if .root.Values.database.persistence.enabled }}
  persistentVolumeClaim: {claimName: {{ .fullname }}}
{{- else }}
  emptyDir: {}
{{- end }}
{{- end }}
{{- if include "zoomslack.hasRootCertificate" .root }}
{{- include "zoomslack.rootCertificateVolume" .root }}
{{- end }}
{{- end }}
{{- with .values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "zoomslack.volumeMounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if include "zoomslack.mutualTls" .root }}
- {name: tls, mountPath: /etc/zoomslack/tls, readOnly: true}
{{- end }}
{{- if and (include "zoomslack.secretNames" .) .values.existingSecret }}
- {name: secrets, mountPath: /etc/zoomslack/secrets, readOnly: true}
{{- end }}
{{- if include "zoomslack.simulatedNames" . }}
- {name: simulated, mountPath: /run/zoomslack/simulated, readOnly: true}
{{- end }}
{{- if .is.grpc }}
{{- if eq .root.Values.database.kind "sqlite" }}
- {name: data, mountPath: /var/lib/zoomslack}
{{- end }}
{{- if include "zoomslack.hasRootCertificate" .root }}
- {name: postgresql, mountPath: /etc/zoomslack/postgresql, readOnly: true}
{{- end }}
{{- end }}
{{- with .values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Seconds for which a proxy goes on beside a service that ends: until all is over but the flush of spans. */}}
{{- define "zoomslack.proxyEndsAfter" -}}
{{- sub (include "zoomslack.gracePeriod" . | int) (include "zoomslack.flushSeconds" . | int) -}}
{{- end }}

{{/* What a sidecar mesh has to know of a pod: probes and scrapes come without the mesh, and the proxy ends last. */}}
{{- define "zoomslack.meshAnnotations" -}}
{{- $mesh := include "zoomslack.mesh" .root -}}
{{- $aside := ternary (printf "%v,%v" .ports.health .ports.admin) (toString .ports.admin) (hasKey .is "grpc") -}}
{{- if eq $mesh "linkerd" -}}
linkerd.io/inject: enabled
config.linkerd.io/skip-inbound-ports: {{ $aside | quote }}
config.alpha.linkerd.io/proxy-wait-before-exit-seconds: {{ include "zoomslack.proxyEndsAfter" . | quote }}
{{- else if eq $mesh "istio" -}}
traffic.sidecar.istio.io/excludeInboundPorts: {{ $aside | quote }}
proxy.istio.io/config: '{"holdApplicationUntilProxyStarts": true, "terminationDrainDuration": "{{ include "zoomslack.proxyEndsAfter" . }}s", "proxyMetadata": {"EXIT_ON_ZERO_ACTIVE_CONNECTIONS": "true"}}'
{{- end }}
{{- end }}

{{/* Jobs and tests talk to nothing in the mesh, and would not end beside a proxy. */}}
{{- define "zoomslack.noMesh" -}}
linkerd.io/inject: disabled
sidecar.istio.io/inject: "false"
{{- end }}

{{/* Annotations of a pod that runs beside those of a component and reads the same secrets. Call with a filled context. */}}
{{- define "zoomslack.asideAnnotations" -}}
{{- $annotations := include "zoomslack.noMesh" .root | fromYaml -}}
{{- with .root.Values.secretsRevision }}{{ $_ := set $annotations "zoomslack/secrets-revision" (toString .) }}{{ end -}}
{{- merge $annotations .values.podAnnotations | toYaml -}}
{{- end }}

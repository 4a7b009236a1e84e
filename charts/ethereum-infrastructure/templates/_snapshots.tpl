{{/* Snapshots of sync nodes. The job of one replica is one pod, whose steps are its containers, in this order:

     jwt, genesis   what the restore test needs, made before anything is stopped
     take           stops the client, copies its data, starts it again
     push           sends the copy to the registry, as a candidate
     restore        fetches the candidate into a volume of the pod's own
     execution      a sidecar: the client on that volume, without peers
     promote        compares its head with the recorded one, and promotes the candidate

     Everything is static: nobody needs the right to create a pod. */}}

{{/* The sync nodes of which snapshots are taken, as a JSON list. Takes: the root. */}}
{{- define "ethereum.snapshotNodes" -}}
{{- $nodes := list -}}
{{- range include "ethereum.syncNodes" . | fromJsonArray -}}
{{- if .snapshots.enabled -}}{{- $nodes = append $nodes . -}}{{- end -}}
{{- end -}}
{{- include "ethereum.checkRepositories" (dict "root" . "nodes" $nodes) -}}
{{- toJson $nodes -}}
{{- end -}}

{{/* Name of what belongs to the snapshots of a node: account, role, plan, lease. Takes: a node. */}}
{{- define "ethereum.snapshotName" -}}snapshot-{{ .name }}{{- end -}}

{{/* Labels of the objects and pods of a node's snapshots. Takes: a scope. */}}
{{- define "ethereum.snapshotLabels" -}}
{{ include "ethereum.labels" (dict "root" .root "name" (include "ethereum.snapshotName" .node) "component" "snapshot" "network" .node.network) }}
ethinfra.io/snapshot-of: {{ .node.name }}
{{- end -}}

{{/* A CronJob. Takes: (dict "scope" scope "name" "snapshot-geth-0" "schedule" "…" "labels" labels "pod" the pod's spec). */}}
{{- define "ethereum.cronJob" -}}
{{- $snapshots := .scope.node.snapshots -}}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ .name }}
  namespace: {{ .scope.root.Release.Namespace }}
  labels: {{- .labels | nindent 4 }}
spec:
  schedule: {{ .schedule | quote }}
  timeZone: Etc/UTC
  suspend: {{ $snapshots.suspend }}
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: {{ $snapshots.deadlines.starting | int64 }}
  # Volumes of finished pods are kept as long as they are.
  successfulJobsHistoryLimit: 1
  failedJobsHistoryLimit: 1
  jobTemplate:
    metadata:
      labels: {{- .labels | nindent 8 }}
    spec:
      activeDeadlineSeconds: {{ $snapshots.deadlines.job | int64 }}
      ttlSecondsAfterFinished: {{ $snapshots.deadlines.keep | int64 }}
      backoffLimit: 2
      podFailurePolicy:
        rules:
          # Refused, wrong input, no space, a defect: again would be the same again, and another stop of the client. Who could not
          # be reached, or was killed, is tried again.
          # A client that is killed ends with codes of its own, so only the steps' count.
          {{- $pod := .pod | fromYaml }}
          {{- range concat ($pod.initContainers | default list) $pod.containers }}
          {{- if has "job" .args }}
          - action: FailJob
            onExitCodes: {containerName: {{ .name }}, operator: In, values: [1, 2, 3, 70]}
          {{- end }}
          {{- end }}
      template:
        metadata:
          labels:
            {{- .labels | nindent 12 }}
            ethinfra.io/registry-client: "true"
        spec:
          {{- .pod | nindent 10 }}
{{- end -}}

{{/* What the pods of all jobs have in common. Takes: (dict "scope" scope "account" name "token" bool). */}}
{{- define "ethereum.jobPod" -}}
serviceAccountName: {{ .account }}
# Only the containers that mount it have a token.
automountServiceAccountToken: false
enableServiceLinks: false
restartPolicy: Never
priorityClassName: {{ .scope.root.Values.priorityClassName }}
securityContext: {{- include "ethereum.podSecurity" .scope.root | nindent 2 }}
{{- end -}}

{{/* Where a job runs: beside the pod whose volume it mounts, since most volumes are mounted on one Kubernetes node only.
     Takes: (dict "scope" scope "ordinal" 0). */}}
{{- define "ethereum.beside" -}}
{{- $placement := .scope.node.placement -}}
affinity:
  podAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels: {statefulset.kubernetes.io/pod-name: {{ .scope.node.name }}-{{ .ordinal }}}
{{- with $placement.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $placement.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A step of a job. Takes: (dict "scope" scope "step" "take" "ordinal" 0 "args" (list …) "mounts" (list …)). */}}
{{- define "ethereum.step" -}}
{{- $root := .scope.root -}}
{{- $args := concat (list "job" .step "--plan=/plan/plan.json" "--work=/work") (.args | default list) -}}
{{- $mounts := concat (list (dict "name" "plan" "mountPath" "/plan" "readOnly" true) (dict "name" "work" "mountPath" "/work")) (.mounts | default list) -}}
{{- include "ethereum.builder" (dict "root" $root "name" .step "args" $args "resources" $root.Values.snapshots.resources "mounts" $mounts "api" true "ordinal" (.ordinal | toString)) -}}
{{- end -}}

{{/* The pod of the job of one replica. Takes: (dict "scope" scope "ordinal" 0). */}}
{{- define "ethereum.snapshotPod" -}}
{{- $scope := .scope -}}
{{- $node := .scope.node -}}
{{- $data := list (dict "name" "node" "mountPath" "/data") -}}
{{- $cut := eq $node.snapshots.method "volume-snapshot" -}}
{{- include "ethereum.jobPod" (dict "scope" $scope "account" (include "ethereum.snapshotName" $node)) }}
{{ include "ethereum.beside" . }}
{{- if $cut }}
containers:
  {{- include "ethereum.step" (dict "scope" $scope "step" "take" "ordinal" .ordinal "args" (list "--data=/data" (printf "--volume-snapshot-class=%s" $node.snapshots.volumeSnapshot.className)) "mounts" $data) | nindent 2 }}
volumes:
  {{- include "ethereum.jobVolumes" $scope | nindent 2 }}
{{- else }}
{{ include "ethereum.testGrace" $scope }}
initContainers:
  {{- include "ethereum.testPreparation" $scope | nindent 2 }}
  {{- include "ethereum.step" (dict "scope" $scope "step" "take" "ordinal" .ordinal "args" (list "--data=/data") "mounts" $data) | nindent 2 }}
  {{- include "ethereum.step" (dict "scope" $scope "step" "push" "ordinal" .ordinal "args" (list "--data=/data") "mounts" $data) | nindent 2 }}
  {{- include "ethereum.testSteps" . | nindent 2 }}
containers:
  {{- include "ethereum.step" (dict "scope" $scope "step" "promote" "ordinal" .ordinal) | nindent 2 }}
volumes:
  {{- include "ethereum.jobVolumes" $scope | nindent 2 }}
  {{- include "ethereum.testVolumes" $scope | nindent 2 }}
{{- end }}
  - name: node
    persistentVolumeClaim: {claimName: execution-{{ $node.name }}-{{ .ordinal }}}
{{- end -}}

{{/* The pod that pushes what the storage copied. Its volume is made of the VolumeSnapshot, and the pod waits for that. There is
     one for all replicas of a node, so that it waits for nobody in particular; whose the cut is stands in it. Takes: a scope. */}}
{{- define "ethereum.pushPod" -}}
{{- $scope := . -}}
{{- $node := .node -}}
{{- include "ethereum.jobPod" (dict "scope" $scope "account" (include "ethereum.snapshotName" $node)) }}
{{ include "ethereum.testGrace" $scope }}
initContainers:
  {{- include "ethereum.testPreparation" $scope | nindent 2 }}
  {{- include "ethereum.step" (dict "scope" $scope "step" "push" "ordinal" 0 "args" (list "--data=/copy") "mounts" (list (dict "name" "copy" "mountPath" "/copy"))) | nindent 2 }}
  {{- include "ethereum.testSteps" (dict "scope" $scope "ordinal" 0) | nindent 2 }}
containers:
  {{- include "ethereum.step" (dict "scope" $scope "step" "promote" "ordinal" 0) | nindent 2 }}
volumes:
  {{- include "ethereum.jobVolumes" $scope | nindent 2 }}
  {{- include "ethereum.testVolumes" $scope | nindent 2 }}
  - name: copy
    ephemeral:
      volumeClaimTemplate:
        metadata:
          labels: {{- include "ethereum.snapshotLabels" $scope | nindent 12 }}
        spec:
          accessModes: [ReadWriteOnce]
          storageClassName: {{ $node.snapshots.restoreTest.className }}
          dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: {{ include "ethereum.snapshotName" $node }}}
          resources: {requests: {storage: {{ $node.storage.execution.size }}}}
{{- end -}}

{{/* Volumes of every job. Takes: a scope. */}}
{{- define "ethereum.jobVolumes" -}}
- name: plan
  configMap: {name: {{ include "ethereum.snapshotName" .node }}}
- name: work
  emptyDir: {sizeLimit: 64Mi}
{{ include "ethereum.registryVolumes" (dict "root" .root "secret" .root.Values.snapshots.registry.pushSecret) }}
{{ include "ethereum.tokenVolume" . }}
{{- end -}}

{{/* The node of the restore test: the client with the data that was restored, few caches and nothing that is not needed for
     an answer; of its options those that say how the data is laid out. Takes: a scope. */}}
{{- define "ethereum.testNode" -}}
{{- $node := omit .node "execution" "jwt" -}}
{{- $execution := omit .node.execution "options" "resources" "cacheMiB" -}}
{{- $known := (include "ethereum.part" (dict "scope" . "part" "execution") | fromJson).options | default dict -}}
{{- $options := dict -}}
{{- range $name, $option := .node.execution.options -}}
{{- if (index $known $name).database -}}{{- $options = set $options $name $option -}}{{- end -}}
{{- end -}}
{{- $execution = set $execution "options" $options -}}
{{- $execution = set $execution "cacheMiB" .node.snapshots.restoreTest.cacheMiB -}}
{{- $execution = set $execution "resources" .node.snapshots.restoreTest.resources -}}
{{- $node = set $node "execution" $execution -}}
{{- $node = set $node "jwt" (dict "generate" true "existingSecret" (dict "name" "" "key" "")) -}}
{{- toJson $node -}}
{{- end -}}

{{- define "ethereum.testGrace" -}}
# The test's client stops as any other, or its volume could not be looked at afterwards.
terminationGracePeriodSeconds: {{ (include "ethereum.part" (dict "scope" . "part" "execution") | fromJson).gracePeriodSeconds }}
{{- end -}}

{{/* What the test's client needs before it starts. Takes: a scope. */}}
{{- define "ethereum.testPreparation" -}}
{{- $scope := dict "root" .root "role" .role "node" (include "ethereum.testNode" . | fromJson) -}}
{{- include "ethereum.init.jwt" $scope }}
{{- with include "ethereum.init.genesis" $scope | trim }}
{{ . }}
{{- end }}
{{- end -}}

{{/* From the candidate to a client that answers. Takes: (dict "scope" scope "ordinal" 0). */}}
{{- define "ethereum.testSteps" -}}
{{- $scope := dict "root" .scope.root "role" .scope.role "node" (include "ethereum.testNode" .scope | fromJson) -}}
{{- $program := include "ethereum.part" (dict "scope" $scope "part" "execution") | fromJson -}}
{{- $paths := include "ethereum.paths" $scope | fromYaml -}}
{{- $execution := $scope.node.execution -}}
{{- $network := "customNetwork" -}}
{{- with $scope.node.network.preset -}}{{- $network = printf "networks.%s" . -}}{{- end -}}
{{- include "ethereum.step" (dict "scope" .scope "step" "restore" "ordinal" .ordinal "args" (list "--data=/restored") "mounts" (list (dict "name" "restored" "mountPath" "/restored"))) }}
- name: execution
  # A sidecar: it runs beside `promote`, and ends when that is done.
  restartPolicy: Always
  image: {{ include "ethereum.image" (dict "root" .scope.root "image" $program.image) }}
  imagePullPolicy: IfNotPresent
  command: {{ toJson $program.command }}
  args:
    {{- include "ethereum.flags" (dict "scope" $scope "program" $program "client" $execution.client "groups" (list "base" "rpc" "engine" "metrics" "p2p" (printf "syncModes.%s" $execution.syncMode) $network) "extra" $execution.extraArgs "options" $execution.options "over" (list "offline")) | trim | nindent 4 }}
  env:
    {{- include "ethereum.environment" (dict "scope" $scope "program" $program "alone" true) | nindent 4 }}
  securityContext: {{- include "ethereum.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml $execution.resources | nindent 4 }}
  volumeMounts:
    - {name: restored, mountPath: {{ $program.dataDir }}}
    - {name: execution-tmp, mountPath: {{ $paths.tmp }}}
    - {name: jwt, mountPath: {{ dir $paths.jwt }}, readOnly: true}
    {{- include "ethereum.chainMounts" $scope | nindent 4 }}
{{- end -}}

{{/* Takes: a scope. */}}
{{- define "ethereum.testVolumes" -}}
- name: jwt
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
- name: execution-tmp
  emptyDir: {sizeLimit: {{ .node.storage.temporary }}}
{{- include "ethereum.chainVolumes" . }}
- name: restored
  ephemeral:
    volumeClaimTemplate:
      metadata:
        labels: {{- include "ethereum.snapshotLabels" . | nindent 10 }}
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: {{ .node.snapshots.restoreTest.className }}
        resources: {requests: {storage: {{ .node.storage.execution.size }}}}
{{- end -}}

{{/* Labels of what removes snapshots of a node. Takes: a scope. */}}
{{- define "ethereum.pruneLabels" -}}
{{ include "ethereum.labels" (dict "root" .root "name" (printf "prune-%s" .node.name) "component" "snapshot" "network" .node.network) }}
ethinfra.io/prunes: "true"
{{- end -}}

{{/* The pod that removes snapshots that nobody needs any more. Takes: a scope. */}}
{{- define "ethereum.prunePod" -}}
{{- include "ethereum.jobPod" (dict "scope" . "account" "snapshot-prune") }}
containers:
  {{- include "ethereum.step" (dict "scope" . "step" "prune" "ordinal" "") | nindent 2 }}
volumes:
  {{- include "ethereum.jobVolumes" . | nindent 2 }}
{{- end -}}

{{/* Labels of what shows what is in the registry. Takes: the root. */}}
{{- define "ethereum.exporterLabels" -}}
{{ include "ethereum.labels" (dict "root" . "name" "snapshot-exporter" "component" "snapshot") }}
{{- end -}}

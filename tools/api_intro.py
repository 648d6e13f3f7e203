"""What `docs/api.md` says before the RPCs, which no proto says."""

INTRO = """# The gRPC API

Made from `protos/` by `make api-docs`; `make verify` keeps it true. The protos are the API:
`protos/zoomslack/<service>/v1` is what `protoc` and its plugins for other languages read, `gen/` is what Python
imports.

## Before the first call

| service | target on a laptop | variable | certificate's name |
|---|---|---|---|
| `zoomslack.auth.v1.AuthService` | `127.0.0.1:50051` | `ZOOMSLACK_AUTH_LISTEN` | `auth.zoomslack` |
| `zoomslack.meetings.v1.MeetingsService` | `127.0.0.1:50052` | `ZOOMSLACK_MEETINGS_LISTEN` | `meetings.zoomslack` |
| `zoomslack.phone.v1.PhoneService` | `127.0.0.1:50053` | `ZOOMSLACK_PHONE_LISTEN` | `phone.zoomslack` |

- **Certificates.** Off the machine each service asks for TLS with a certificate of the caller, from the authority
  that it trusts; the DNS name in it says who calls, and with that what may be called.
  [Operations](operations.md#certificates) tells where certificates come from. `make run` does without them on
  loopback.
- **For whom.** `user` names the person in Slack for whom a call is made, with her workspace. Nothing of another
  workspace is ever found.
- **Deadlines.** Set one on every call; without one a call may take 10 seconds. A call that comes with less than 0.1
  seconds is refused with `DEADLINE_TOO_SHORT` before anything has begun.
- **Repeating.** Each RPC below says whether it may be repeated. What has an effect outside takes a `request_id`, a
  UUID that the caller makes up once for each thing that it wants: after a lost answer send the same request with the
  same `request_id`, and get what the first one made. Another request with a used `request_id` fails with
  `REQUEST_ID_REUSED`.
- **Pages.** Lists take `page_size` and `page_token`. Send the same request again with the `next_page_token` of the
  answer, until that is empty. A token belongs to its request: with another one it is `PAGE_TOKEN_INVALID`.
- **Sizes.** A request has at most 2 MiB.

## Errors

A failed call carries a `google.rpc.Status` in the trailer `grpc-status-details-bin`, with `google.rpc.ErrorInfo`: its
`domain` is `zoomslack`, its `reason` one of [those below](#reasons), its `metadata` what that reason tells.
`RetryInfo` comes along where waiting helps, `BadRequest` where a rule of the proto was broken, with field and rule.
Go by the reason; texts are for programmers and change.

With the metadata `accept-language` on a call (`de`, or several as in HTTP: `de-CH, fr;q=0.8`) a `LocalizedMessage`
comes along: a sentence for the person for whom the call is made. There are `de`, `en`, `es`, `fr`, `ja` and `pt`; who
wants another one gets English.

## By hand

A service that was started with `ZOOMSLACK_GRPC_REFLECTION=1` tells its RPCs to whoever asks:

```sh
ZOOMSLACK_GRPC_REFLECTION=1 make run
grpcurl -plaintext 127.0.0.1:50052 list
grpcurl -plaintext 127.0.0.1:50052 describe zoomslack.meetings.v1.MeetingsService
grpcurl -plaintext -d '{…}' 127.0.0.1:50052 zoomslack.meetings.v1.MeetingsService/GetMeeting
```

With certificates, instead of `-plaintext`: `-cacert ca.crt -cert tls.crt -key tls.key`. The examples below go after
`-d`.

Every service answers the [standard health check](https://github.com/grpc/grpc/blob/master/doc/health-checking.md),
with reflection or without:

```sh
grpc_health_probe -addr 127.0.0.1:50052
grpcurl -plaintext 127.0.0.1:50052 grpc.health.v1.Health/Check
```
"""
